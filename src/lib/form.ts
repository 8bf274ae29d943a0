/**
 * The text fields of a form body, the first value of each name; nothing when the content type is
 * not a form's or the body cannot be read. Files of a multipart form are left out.
 */
export async function readForm(body: Uint8Array, contentType: string | undefined): Promise<Record<string, string>> {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase();
  if (mediaType === "application/x-www-form-urlencoded") {
    return readQuery(Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8"));
  }
  if (mediaType === "multipart/form-data") return readMultipart(body, contentType ?? "");
  return {};
}

/** The parameters of a raw query string, the first value of each name; `flag` alone is "". */
export function readQuery(query: string): Record<string, string> {
  return firstValues(new URLSearchParams(query));
}

async function readMultipart(body: Uint8Array, contentType: string): Promise<Record<string, string>> {
  try {
    const form = await new Response(Buffer.from(body), { headers: { "content-type": contentType } }).formData();
    return firstValues([...form].filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch (error) {
    // A stranger's broken body is no error of ours: it is a form without fields, as in the original.
    if (error instanceof TypeError) return {};
    throw error;
  }
}

function firstValues(entries: Iterable<[string, string]>): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of entries) if (!values.has(name)) values.set(name, value);
  // fromEntries defines own keys: a field called __proto__ stays a field.
  return Object.fromEntries(values);
}
