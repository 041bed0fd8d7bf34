import { TeaChestError, toTeaChestError, type ErrorCode } from '../base/errors.ts';
import type { CallOptions } from '../ports/callOptions.ts';

const ofEngine: ReadonlySet<ErrorCode> = new Set([
  'engineNotFound',
  'engineStopped',
  'enginePermission',
  'engineLost',
  'engineEndpointInvalid',
]);

/** A registry that cannot be reached, or does not accept the sign-in. Each image would find that out by retries of its own. */
const ofRegistry: ReadonlySet<ErrorCode> = new Set([
  'registryUnreachable',
  'certificateUntrusted',
  'certificateChanged',
  'certificateInvalid',
  'clientCertificateNeeded',
  'tlsRefused',
  'plainHttp',
  'notARegistry',
  'proxyFailed',
  'notSignedIn',
  'credentialsRejected',
  'credentialsIgnored',
  'scopeMissing',
  'oneTimePasswordNeeded',
]);

/** Ends the images of a push of several whose failure is certain: the engine is gone, or their registry refuses all of them. */
export class StopConditions {
  readonly #ping: (options: CallOptions) => Promise<unknown>;
  readonly #engine = new AbortController();
  readonly #registries = new Map<string, AbortController>();

  /** `ping`: any call to the engine. */
  constructor(ping: (options: CallOptions) => Promise<unknown>) {
    this.#ping = ping;
  }

  /** Fires when images for this registry can no longer be pushed. */
  signal(origin: string): AbortSignal {
    return AbortSignal.any([this.#engine.signal, this.#registry(origin).signal]);
  }

  /**
   * The error of an image. If it is true of other images as well, these are ended, and have the same error. `signal`: nobody
   * waits for that any more.
   */
  async explain(error: unknown, origin: string, signal: AbortSignal): Promise<TeaChestError> {
    const failure = toTeaChestError(error);
    if (failure.code === 'cancelled') {
      const reasons: readonly unknown[] = [this.#engine.signal.reason, this.#registry(origin).signal.reason];
      const reason = reasons.find((one): one is TeaChestError => one instanceof TeaChestError);
      return reason ?? failure;
    }
    if (ofRegistry.has(failure.code)) this.#registry(origin).abort(failure);
    else if (ofEngine.has(failure.code) && (await this.#isEngineGone(signal))) this.#engine.abort(failure);
    return failure;
  }

  /** One broken connection is no proof. */
  async #isEngineGone(signal: AbortSignal): Promise<boolean> {
    return await this.#ping({ signal }).then(
      () => false,
      (error: unknown) => ofEngine.has(toTeaChestError(error).code),
    );
  }

  #registry(origin: string): AbortController {
    const known = this.#registries.get(origin);
    if (known !== undefined) return known;
    const controller = new AbortController();
    this.#registries.set(origin, controller);
    return controller;
  }
}
