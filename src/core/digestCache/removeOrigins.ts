import type { DigestTables } from './digestTables.ts';

/**
 * Removes what was known of registries when they were signed out of, in milliseconds, and of images that went to no
 * other: their configs hold environments.
 */
export function removeOrigins(tables: DigestTables, signedOutAt: ReadonlyMap<string, number>): void {
  if (signedOutAt.size === 0) return;
  const { locations, pushes, images, published } = tables;
  const isRemoved = (origin: string, at: number): boolean => at <= (signedOutAt.get(origin) ?? -1);
  locations.revise((value, key, usedAt) => (isRemoved(key.slice(0, key.indexOf(' ')), usedAt) ? undefined : value));
  pushes.revise((origins) => {
    const left = Object.entries(origins).filter(([origin, at]) => !isRemoved(origin, at));
    return left.length === 0 ? undefined : Object.fromEntries(left);
  });
  const ifPushed = <T>(value: T, key: string): T | undefined =>
    key.split(' ').some((part) => pushes.has(part)) ? value : undefined;
  images.revise(ifPushed);
  published.revise(ifPushed);
}
