type Table<T> = Map<string, { readonly value: T; readonly usedAt: number }>;

interface HasOrigins {
  readonly origins: readonly string[];
}

/** Rows of the digest cache that tell of registries. */
export interface TablesByOrigin {
  readonly locations: Table<readonly string[]>;
  readonly images: Table<HasOrigins>;
  readonly published: Table<HasOrigins>;
}

/** Removes what was known of registries when they were signed out of, in milliseconds, and of images that went to no other. */
export function dropOrigins(
  { locations, images, published }: TablesByOrigin,
  signedOutAt: ReadonlyMap<string, number>,
): void {
  if (signedOutAt.size === 0) return;
  const isDropped = (origin: string, usedAt: number): boolean => usedAt <= (signedOutAt.get(origin) ?? -1);
  for (const [key, { usedAt }] of locations) {
    if (isDropped(key.slice(0, key.indexOf(' ')), usedAt)) locations.delete(key);
  }
  for (const [key, { usedAt }] of images) {
    const place = placeOf(key);
    if (place !== undefined && isDropped(originOf(place), usedAt)) images.delete(key);
  }
  dropRows(images, isDropped);
  dropRows(published, isDropped);
}

function dropRows(table: Table<HasOrigins>, isDropped: (origin: string, usedAt: number) => boolean): void {
  for (const [key, { value, usedAt }] of table) {
    const left = value.origins.filter((origin) => !isDropped(origin, usedAt));
    if (left.length === 0) table.delete(key);
    else if (left.length < value.origins.length) table.set(key, { value: { ...value, origins: left }, usedAt });
  }
}

/** The third part of an image's key. */
function placeOf(key: string): string | undefined {
  return key.split(' ')[2];
}

/** `https://host/owner/name` → `https://host`. */
export function originOf(place: string): string {
  return /^[^/]*\/\/[^/]*/.exec(place)?.[0] ?? place;
}

export function withOrigin(origins: readonly string[], origin: string): readonly string[] {
  return [...new Set([...origins, origin])];
}
