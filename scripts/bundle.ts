import { join, relative } from "node:path";
import { rolldown, type Plugin } from "rolldown";

/** Files of a package that are found by where it lies, or that are built on the machine: these stay in node_modules. */
const NOT_BUNDLED = ["pyodide", "@fastify/swagger-ui", "ssh2"];

export interface BundledFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Puts compiled files and the packages that they import into a few large files. Finding and
 * reading a thousand small ones is most of what loading a server takes: 0.8 s in place of 0.35, on a busy machine.
 *
 * @param folder of the compiled files; the bundled ones are to lie in it as well
 * @param entry name of the file that everything begins with; the bundled one replaces it
 */
export async function bundle(folder: string, entry: string): Promise<BundledFile[]> {
  const build = await rolldown({
    input: join(folder, entry),
    platform: "node",
    external: (id) => NOT_BUNDLED.some((name) => id === name || id.startsWith(`${name}/`)) || isOptional(id),
    plugins: [keepLocations(folder)],
  });
  const { output } = await build.generate({
    format: "esm",
    entryFileNames: entry,
    chunkFileNames: "bundle-[name]-[hash].js",
  });
  await build.close();
  return output.flatMap((file) => (file.type === "chunk" ? [{ name: file.fileName, text: file.code }] : []));
}

/** What packages try to load and do without. */
function isOptional(id: string): boolean {
  return ["pg-native", "cpu-features"].includes(id);
}

/** `import.meta.url` goes on to be the address of the file that says it: what is read at run time lies beside it. */
function keepLocations(folder: string): Plugin {
  return {
    name: "keep-locations",
    transform(code, id) {
      const path = relative(folder, id).replaceAll("\\", "/");
      if (path.startsWith("..") || !code.includes("import.meta.url")) return null;
      return code.replaceAll("import.meta.url", `new URL(${JSON.stringify(`./${path}`)}, import.meta.url).href`);
    },
  };
}
