import { createHmac, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Memento, SecretStorage } from 'vscode';
import { sleep as realSleep } from '../../core/base/cancel.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { RelayParts } from '../../core/relay/pushFromEngine.ts';
import { Reachability } from '../../core/relay/reachability.ts';
import type { RelayEndpoint } from '../../core/relay/relayEndpoint.ts';
import { areNamesLeft, sweepNames } from '../../core/relay/temporaryTag.ts';
import type { Strategy } from './pushArguments.ts';
import type { Engine } from '../engine/engine.ts';

const secretKey = 'teaChest.relay';
const portKey = 'teaChest.relayPort';
/** Milliseconds from a connection to the engine to the removal of temporary tags: other calls come first. */
const sweepAfterConnect = [3_000] as const;
/** The delays of the attempts after a push whose engine went away before its temporary tag was removed. */
const sweepAfterPush = [5_000, 30_000, 120_000, 600_000] as const;

export interface EngineRelayDependencies {
  readonly secrets: Pick<SecretStorage, 'get' | 'store'>;
  readonly state: Memento;
  readonly logger: Logger;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Lets engines push to this extension host and pull from it: one endpoint with the port and secret of the installation, created lazily. */
export class EngineRelay {
  readonly #dependencies: EngineRelayDependencies;
  readonly #reachability = new Reachability(() => performance.now());
  readonly #sweeping = new Set<string>();
  readonly #life = new AbortController();
  #endpoint: Promise<RelayEndpoint> | undefined;

  constructor(dependencies: EngineRelayDependencies) {
    this.#dependencies = dependencies;
  }

  /** Undefined if the image has to be exported. Rejects only if `strategy` is `relay`. */
  async parts(engine: Pick<Engine, 'pusher'>, strategy: Strategy): Promise<RelayParts | undefined> {
    const pusher = strategy === 'export' ? undefined : engine.pusher();
    if (pusher === undefined) return undefined;
    try {
      return { pusher, endpoint: await this.#open(), reachability: this.#reachability };
    } catch (error) {
      if (strategy === 'relay') throw error;
      this.#dependencies.logger.warn(`Images are exported, because the relay could not be opened: ${String(error)}`);
      return undefined;
    }
  }

  /** For a pull. Undefined if the endpoint cannot be opened. */
  async pullParts(): Promise<Pick<RelayParts, 'endpoint' | 'reachability'> | undefined> {
    try {
      return { endpoint: await this.#open(), reachability: this.#reachability };
    } catch (error) {
      this.#dependencies.logger.warn(`Images are not pulled through the relay: ${String(error)}`);
      return undefined;
    }
  }

  /** Adds to `connect`: removes the temporary tags that crashed pushes and pulls have left in the engine. */
  sweeping(connect: () => Promise<Engine>): () => Promise<Engine> {
    return async () => {
      const engine = await connect();
      void this.#sweep(engine, sweepAfterConnect);
      return engine;
    };
  }

  /** Call after a push or a pull. Removes its temporary tag later if the engine went away before. */
  ended(engine: Pick<Engine, 'pusher'>): void {
    if (areNamesLeft()) void this.#sweep(engine, sweepAfterPush);
  }

  dispose(): void {
    this.#life.abort();
  }

  /** Tries after each of the delays, until no temporary tag is left. One run at a time for each engine. */
  async #sweep(engine: Pick<Engine, 'pusher'>, delays: readonly number[]): Promise<void> {
    const { logger, sleep = realSleep } = this.#dependencies;
    const pusher = engine.pusher();
    if (pusher === undefined || this.#sweeping.has(pusher.id)) return;
    this.#sweeping.add(pusher.id);
    const { signal } = this.#life;
    try {
      for (const delay of delays) {
        await sleep(delay, signal);
        try {
          const count = await sweepNames(pusher, { signal, logger });
          if (count > 0) logger.info(`Removed ${count} temporary tags of earlier pushes and pulls from the engine.`);
          if (!areNamesLeft()) return;
        } catch (error) {
          if (signal.aborted) return;
          logger.debug(`Temporary tags of earlier pushes could not be removed from the engine: ${String(error)}`);
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
    const { RelayEndpoint } = await import('../../core/relay/relayEndpoint.ts');
    return new RelayEndpoint({
      port: state.get<number>(portKey) ?? 0,
      secret: await this.#secret(),
      onPort: (port) => void state.update(portKey, port),
      logger,
    });
  }

  /** Different on each host: VS Code shares the stored secret with windows on other machines and in containers. */
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
