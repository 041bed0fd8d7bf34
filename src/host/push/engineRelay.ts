import { createHmac, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Memento, SecretStorage } from 'vscode';
import { sleep as realSleep } from '../../core/base/cancel.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { RelayParts } from '../../core/relay/pushFromEngine.ts';
import { Reachability } from '../../core/relay/reachability.ts';
import { RelayEndpoint } from '../../core/relay/relayEndpoint.ts';
import { areNamesLeft, sweepNames } from '../../core/relay/temporaryTag.ts';
import type { Strategy } from './pushArguments.ts';
import type { Engine } from '../engine/engine.ts';

const secretKey = 'teaChest.relay';
const portKey = 'teaChest.relayPort';
/** Milliseconds after a connection to an engine: whoever connected has work for it. */
const sweepAfter = 3_000;
/** And after a push, should its name still be there because the engine was gone: it may take its time to come back. */
const sweepAgainAfter = [5_000, 30_000, 120_000, 600_000] as const;

export interface EngineRelayDependencies {
  readonly secrets: Pick<SecretStorage, 'get' | 'store'>;
  readonly state: Memento;
  readonly logger: Logger;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What lets engines push to this extension host: one endpoint with the installation's port and secret, made at first use. */
export class EngineRelay {
  readonly #dependencies: EngineRelayDependencies;
  readonly #reachability = new Reachability(() => performance.now());
  readonly #sweeping = new Set<string>();
  readonly #life = new AbortController();
  #endpoint: Promise<RelayEndpoint> | undefined;

  constructor(dependencies: EngineRelayDependencies) {
    this.#dependencies = dependencies;
  }

  /** Undefined where the image is to be exported. Rejects only if the relay is insisted on. */
  async parts(engine: Pick<Engine, 'pusher'>, strategy: Strategy): Promise<RelayParts | undefined> {
    const pusher = strategy === 'export' ? undefined : engine.pusher();
    if (pusher === undefined) return undefined;
    try {
      return { pusher, endpoint: await this.#open(), reachability: this.#reachability };
    } catch (error) {
      if (strategy === 'relay') throw error;
      this.#dependencies.logger.warn(`No engine can push to us, as there is no place for a secret: ${String(error)}`);
      return undefined;
    }
  }

  /** Connects by `connect`, and afterwards takes away what pushes that crashed, or whose engine did, have left in it. */
  sweeping(connect: () => Promise<Engine>): () => Promise<Engine> {
    return async () => {
      const engine = await connect();
      void this.#sweep(engine, [sweepAfter]);
      return engine;
    };
  }

  /** After a push: what it could not take away from an engine that was gone is taken away when the engine is back. */
  ended(engine: Pick<Engine, 'pusher'>): void {
    if (areNamesLeft()) void this.#sweep(engine, sweepAgainAfter);
  }

  dispose(): void {
    this.#life.abort();
  }

  /** After each of these times, until it worked and nothing of ours is left; one at a time for each engine. */
  async #sweep(engine: Pick<Engine, 'pusher'>, waits: readonly number[]): Promise<void> {
    const { logger, sleep = realSleep } = this.#dependencies;
    const pusher = engine.pusher();
    if (pusher === undefined || this.#sweeping.has(pusher.id)) return;
    this.#sweeping.add(pusher.id);
    const { signal } = this.#life;
    try {
      for (const wait of waits) {
        await sleep(wait, signal);
        try {
          const count = await sweepNames(pusher, { signal, logger });
          if (count > 0) logger.info(`Took away ${count} temporary names that earlier pushes had left in the engine.`);
          if (!areNamesLeft()) return;
        } catch (error) {
          if (signal.aborted) return;
          logger.debug(`What earlier pushes have left in the engine could not be looked for: ${String(error)}`);
        }
      }
    } catch {
      // The window closes.
    } finally {
      this.#sweeping.delete(pusher.id);
    }
  }

  async #open(): Promise<RelayEndpoint> {
    const endpoint = (this.#endpoint ??= this.#make());
    try {
      return await endpoint;
    } catch (error) {
      this.#endpoint = undefined;
      throw error;
    }
  }

  async #make(): Promise<RelayEndpoint> {
    const { state, logger } = this.#dependencies;
    return new RelayEndpoint({
      port: state.get<number>(portKey) ?? 0,
      secret: await this.#secret(),
      onPort: (port) => void state.update(portKey, port),
      logger,
    });
  }

  /** VS Code shares secrets with windows on other machines and in containers, whose processes are not seen from here. */
  async #secret(): Promise<string> {
    const { secrets } = this.#dependencies;
    let secret = await secrets.get(secretKey);
    if (secret === undefined) {
      secret = randomBytes(32).toString('hex');
      await secrets.store(secretKey, secret);
    }
    return createHmac('sha256', secret).update(hostname()).digest('hex');
  }
}
