/**
 * About how large each layer is, uncompressed: as a former push counted it; else by the build history, if that has as
 * many steps with files as the image has layers; else an equal share of what is left of the image's size.
 */
export function layerSizes(
  counted: readonly (number | undefined)[],
  history: readonly number[],
  imageBytes: number,
): readonly number[] {
  const steps = history.filter((size) => size > 0);
  const told = steps.length === counted.length ? steps : [];
  const sizes = counted.map((size, at) => size ?? told[at]);
  const unknown = sizes.filter((size) => size === undefined).length;
  const rest = imageBytes - sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  return sizes.map((size) => size ?? Math.max(0, rest / unknown));
}
