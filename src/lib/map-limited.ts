/**
 * Does the same for each item, at most `limit` at once.
 *
 * @returns results in the order of the items
 * @throws the first error, when what has begun by then has ended; nothing more is begun after it
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const queue = items.entries();
  async function take(): Promise<void> {
    for (const [index, item] of queue) {
      if (failures.length > 0) return;
      try {
        results[index] = await work(item);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, take));
  if (failures.length > 0) throw failures[0];
  return results;
}
