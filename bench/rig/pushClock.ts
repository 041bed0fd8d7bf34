import type { EnginePusher } from '../../src/core/ports/enginePusher.ts';
import type { RelayParts } from '../../src/core/relay/pushFromEngine.ts';
import type { RelayEndpoint } from '../../src/core/relay/relayEndpoint.ts';
import type { Engine } from '../../src/host/engine/engine.ts';
import type { Phases } from './teaChestProtocol.ts';

/** When a push asked the engine for an image, and when the engine first and last did something, by export or by relay. */
export class PushClock {
  #asked: number | undefined;
  #first: number | undefined;
  #last: number | undefined;
  readonly #watchedEndpoints = new WeakSet<RelayEndpoint>();

  /** Of one push that took so long; undefined if the engine had to give nothing. */
  phases(startedAt: number, endedAt: number): Phases | undefined {
    const [asked, first, last] = [this.#asked, this.#first, this.#last];
    if (asked === undefined || first === undefined || last === undefined) return undefined;
    return { before: asked - startedAt, silent: first - asked, reading: last - first, after: endedAt - last };
  }

  /** Restarts the clock, also if a push asks the engine a second time. */
  reset(asked?: number): void {
    this.#asked = asked;
    this.#first = this.#last = undefined;
  }

  #noteActivity(): void {
    this.#last = performance.now();
    this.#first ??= this.#last;
  }

  /** The engine, with its exports observed. */
  watchExports<T extends Engine>(engine: T): T {
    const exportImages = engine.exportImages.bind(engine);
    return Object.assign(engine, {
      exportImages: (...[images, options]: Parameters<Engine['exportImages']>) => {
        this.reset(performance.now());
        return exportImages(images, {
          ...options,
          onReceived: (bytes) => {
            this.#noteActivity();
            options.onReceived(bytes);
          },
        });
      },
    });
  }

  /** The parts of a relay, with the pushes of the engine observed. */
  watchRelay(parts: RelayParts): RelayParts {
    const { endpoint, pusher } = parts;
    if (!this.#watchedEndpoints.has(endpoint)) {
      this.#watchedEndpoints.add(endpoint);
      const open = endpoint.open.bind(endpoint);
      endpoint.open = (backend, onVisit) =>
        open(backend, () => {
          this.#noteActivity();
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
