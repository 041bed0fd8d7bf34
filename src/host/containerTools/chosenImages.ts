import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../core/base/errors.ts';
import { isImageId, parseTypedImage } from '../targets/target.ts';

/**
 * What we read of an image's row in Container Tools (`ImageTreeItem` in its source, version 2.5). The rows are its own
 * objects, which may be any others in another version.
 */
const imageRow = v.object({ fullTag: v.string(), imageId: v.string() });

/** The images of the rows that a command of Container Tools' Images view was called for, by name or else by ID. */
export function chosenImages(clicked: unknown, selected: unknown): readonly string[] {
  const rows: readonly unknown[] = Array.isArray(selected) && selected.length > 0 ? selected : [clicked];
  const images = rows.map(imageOf).filter((image) => image !== undefined);
  if (images.length > 0) return [...new Set(images)];
  const message = l10n.t('Container Tools did not say which image this row is, so nothing was pushed.');
  throw new TeaChestError('argumentInvalid', message, { stage: 'resolve' });
}

/** Undefined for a row that is no image, such as a group. */
function imageOf(row: unknown): string | undefined {
  const read = readRow(row);
  if (read === undefined) return undefined;
  const { fullTag, imageId } = read;
  // An image without a name or without a tag has `<none>` in its place.
  return (fullTag.includes('<') ? undefined : parseTypedImage(fullTag)) ?? (isImageId(imageId) ? imageId : undefined);
}

function readRow(row: unknown): v.InferOutput<typeof imageRow> | undefined {
  try {
    const result = v.safeParse(imageRow, row);
    return result.success ? result.output : undefined;
  } catch {
    // The properties are getters of the other extension.
    return undefined;
  }
}
