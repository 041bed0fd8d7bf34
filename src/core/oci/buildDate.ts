/** Reproducible builds stamp their images with 1970 or 1980. */
const firstBuildDate = '1981';

/** True if the date, in ISO 8601, says when an image was built; false for an empty one. */
export function isBuildDate(createdAt: string): boolean {
  return createdAt >= firstBuildDate;
}
