/** A list that counts how often it is read: shows that work is done once, without timing anything. */
export function counted<T>(list: readonly T[]): { readonly list: readonly T[]; reads(): number } {
  let reads = 0;
  const watched = new Proxy(list, {
    get(target, key) {
      reads++;
      return Reflect.get(target, key);
    },
  });
  return { list: watched, reads: () => reads };
}
