import type { EnginePusher } from '../../src/core/ports/enginePusher.ts';
import type { RelayParts } from '../../src/core/relay/pushFromEngine.ts';
import type { RelayEndpoint } from '../../src/core/relay/relayEndpoint.ts';
import type { Engine } from '../../src/host/engine/engine.ts';
import type { Phases } from './teaChestProtocol.ts';

/** When the engine was last asked for an image, was first heard of, and was last heard of; by either way. */
export class PushClock {
  #asked: number | undefined;
  #first: number | undefined;
  #last: number | undefined;
  readonly #watchedDoors = new WeakSet<RelayEndpoint>();

  /** Of one push that took so long; undefined if the engine had to give nothing. */
  phases(startedAt: number, endedAt: number): Phases | undefined {
    const [asked, first, last] = [this.#asked, this.#first, this.#last];
    if (asked === undefined || first === undefined || last === undefined) return undefined;
    return { before: asked - startedAt, silent: first - asked, reading: last - first, after: endedAt - last };
  }

  /** Forgets what was; also where the engine is asked a second time in one push. */
  reset(asked?: number): void {
    this.#asked = asked;
    this.#first = this.#last = undefined;
  }

  #heard(): void {
    this.#last = performance.now();
    this.#first ??= this.#last;
  }

  /** The engine, with an eye on the clock while it exports. */
  watchExports<T extends Engine>(engine: T): T {
    const open = engine.open.bind(engine);
    return Object.assign(engine, {
      open: (...[image, options]: Parameters<Engine['open']>) => {
        this.reset(performance.now());
        return open(image, {
          ...options,
          onReceived: (bytes) => {
            this.#heard();
            options.onReceived(bytes);
          },
        });
      },
    });
  }

  /** What a relay needs, with an eye on the clock while the engine pushes. */
  watchRelay(parts: RelayParts): RelayParts {
    const { endpoint, pusher } = parts;
    if (!this.#watchedDoors.has(endpoint)) {
      this.#watchedDoors.add(endpoint);
      const open = endpoint.open.bind(endpoint);
      endpoint.open = (backend, onVisit) =>
        open(backend, () => {
          this.#heard();
          onVisit();
        });
    }
    const push = pusher.push.bind(pusher);
    const watched: Pick<EnginePusher, 'push'> = { push: (...order) => this.#watchPush(push(...order)) };
    return { ...parts, pusher: Object.assign(pusher, watched) };
  }

  async *#watchPush<T>(steps: AsyncIterable<T>): AsyncGenerator<T> {
    this.reset(performance.now());
    yield* steps;
    this.#last = performance.now();
  }
}
