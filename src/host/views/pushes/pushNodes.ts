import type { ImageRecord, LayerRecord, PushRecord } from '../../../core/push/record/pushRecord.ts';

export type PushNode = RunNode | ImageNode | LayerNode | NoteNode;

/** One run of a push. Its row is that of its image, if it has only one. */
export interface RunNode {
  readonly type: 'run';
  readonly id: string;
  readonly record: PushRecord;
}

/** One of several images of a run. */
export interface ImageNode {
  readonly type: 'image';
  readonly id: string;
  readonly record: PushRecord;
  readonly image: ImageRecord;
}

export interface LayerNode {
  readonly type: 'layer';
  readonly id: string;
  readonly image: ImageRecord;
  readonly layer: LayerRecord;
}

/** A row that explains what became of an image, above its layers. */
export interface NoteNode {
  readonly type: 'note';
  readonly id: string;
  readonly record: PushRecord;
  readonly image: ImageRecord;
}

export function runNode(record: PushRecord): RunNode {
  return { type: 'run', id: `run ${record.id}`, record };
}

/** The rows below a row. */
export function childNodes(node: PushNode): readonly PushNode[] {
  if (node.type === 'layer' || node.type === 'note') return [];
  const { record } = node;
  if (node.type === 'image') return imageChildren(record, node.image, node.id);
  const [only, ...others] = record.images;
  if (only !== undefined && others.length === 0) return imageChildren(record, only, node.id);
  return record.images.map((image) => ({ type: 'image', id: `${node.id} ${image.target}`, record, image }));
}

function imageChildren(record: PushRecord, image: ImageRecord, parent: string): readonly PushNode[] {
  const note: NoteNode = { type: 'note', id: `${parent} note`, record, image };
  const layers = image.layers.map((layer, at): LayerNode => ({
    ...{ type: 'layer', image, layer },
    id: `${parent} ${layer.diffId ?? `blob ${at}`}`,
  }));
  return hasNote(image) ? [note, ...layers] : layers;
}

/** A push that failed or was interrupted says why; one that changed nothing says so; one that has no layers yet, too. */
function hasNote({ state, result, layers }: ImageRecord): boolean {
  return state === 'failed' || state === 'interrupted' || result?.isUnchanged === true || layers.length === 0;
}

/** The images that a row stands for: of a run all of them. */
export function imagesOf(node: PushNode): readonly ImageRecord[] {
  return node.type === 'run' ? node.record.images : [node.image];
}
