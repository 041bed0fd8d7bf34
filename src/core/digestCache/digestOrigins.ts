import { isRecord, type PushedTo, type Table } from './digestRows.ts';

/** Rows of the digest cache that tell of registries, or of images that went to some. */
export interface TablesByOrigin {
  readonly locations: Table<readonly string[]>;
  readonly pushes: Table<PushedTo>;
  readonly images: Table<unknown>;
  readonly published: Table<unknown>;
}

/**
 * Removes what was known of registries when they were signed out of, in milliseconds, and of images that went to no
 * other: their configs hold environments.
 */
export function dropOrigins(tables: TablesByOrigin, signedOutAt: ReadonlyMap<string, number>): void {
  if (signedOutAt.size === 0) return;
  const { locations, pushes, images, published } = tables;
  const isDropped = (origin: string, at: number): boolean => at <= (signedOutAt.get(origin) ?? -1);
  for (const [key, { usedAt }] of locations) {
    if (isDropped(key.slice(0, key.indexOf(' ')), usedAt)) locations.delete(key);
  }
  for (const [id, { value, usedAt }] of pushes) {
    const left = Object.entries(value).filter(([origin, at]) => !isDropped(origin, at));
    if (left.length === 0) pushes.delete(id);
    else pushes.set(id, { value: Object.fromEntries(left), usedAt });
  }
  for (const table of [images, published]) {
    for (const key of table.keys()) if (!key.split(' ').some((part) => pushes.has(part))) table.delete(key);
  }
}

export function isPushedTo(value: unknown): value is PushedTo {
  return isRecord(value) && Object.values(value).every((at) => typeof at === 'number');
}
