import type { Descriptor } from '../oci/manifest.ts';
import type { EnginePullStep } from '../ports/enginePuller.ts';
import type { PulledLayer, PullEvent, PullWay } from './pullEvents.ts';

/** The rows of one transfer: the layers of the manifest, or, where it is not known which the engine takes, those it names. */
export class LayerRows {
  readonly #isPlanned: boolean;
  readonly #rows: PulledLayer[];
  readonly #onEvent: (event: PullEvent) => void;
  /** Indexes by the engine's name of a layer. */
  readonly #byId = new Map<string, number>();

  constructor(way: PullWay, planned: readonly Descriptor[] | undefined, onEvent: (event: PullEvent) => void) {
    this.#isPlanned = planned !== undefined;
    this.#onEvent = onEvent;
    const layers = new Map((planned ?? []).map((layer) => [layer.digest, layer]));
    this.#rows = [...layers.values()].map(({ digest, size }) => ({ digest, state: 'waiting', receivedBytes: 0, size }));
    this.#rows.forEach(({ digest = '' }, at) => this.#byId.set(engineId(digest), at));
    onEvent({ type: 'way', way, layers: [...this.#rows] });
  }

  /** What the engine reports. It also names the manifest and the config, which have no rows. */
  apply({ id, state, current, total }: EnginePullStep): void {
    const at = this.#byId.get(id) ?? (this.#isPlanned ? undefined : this.#add(id));
    const row = at === undefined ? undefined : this.#rows[at];
    if (at === undefined || row === undefined) return;
    const size = row.size ?? (state === 'downloading' && total !== undefined && total > 0 ? total : undefined);
    const isDownloading = state === 'downloading' || state === 'waiting';
    const downloaded = Math.max(row.receivedBytes, state === 'downloading' ? (current ?? 0) : 0);
    this.#set(at, { ...row, state, size, receivedBytes: isDownloading ? downloaded : (size ?? downloaded) });
  }

  /** What we have given to the archive. */
  received(digest: string, bytes: number, state: PulledLayer['state']): void {
    const at = this.#byId.get(engineId(digest));
    const row = at === undefined ? undefined : this.#rows[at];
    if (at !== undefined && row !== undefined) this.#set(at, { ...row, state, receivedBytes: bytes });
  }

  /** Stored bytes of the layers that the engine did not have, as far as their sizes are known. */
  get downloadedBytes(): number {
    return this.#rows.reduce((sum, { state, receivedBytes }) => sum + (state === 'exists' ? 0 : receivedBytes), 0);
  }

  #add(id: string): number {
    const at = this.#rows.length;
    this.#rows.push({ digest: undefined, state: 'waiting', receivedBytes: 0, size: undefined });
    this.#byId.set(id, at);
    return at;
  }

  #set(index: number, layer: PulledLayer): void {
    this.#rows[index] = layer;
    this.#onEvent({ type: 'layer', index, layer });
  }
}

function engineId(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}
