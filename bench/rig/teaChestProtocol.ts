import type { PushStrategy } from '../../src/core/push/pushEvents.ts';
import type { Compression, Strategy } from '../../src/host/push/pushArguments.ts';
import type { Connection } from '../../src/host/connections/connection.ts';
import type { Credential } from '../../src/core/registry/types.ts';

/** First message to bench/teaChest.ts: what a person's sign-in and settings give the extension. */
export interface OpenRequest {
  readonly engineHost: string;
  readonly connection: Connection;
  readonly credential: Credential | undefined;
  /** The extension's storage: digest cache and spool. */
  readonly storage: string;
  /** Where the extension's bundles are. */
  readonly dist: string;
}

export interface PushOrder {
  readonly images: readonly string[];
  /** One for each image. */
  readonly repositories: readonly string[];
  readonly tag: string;
  readonly compression: Compression;
  readonly strategy: Strategy;
}

export type ChildRequest =
  { readonly kind: 'open'; readonly open: OpenRequest } | { readonly kind: 'push'; readonly push: PushOrder };

export type ChildReply =
  | { readonly kind: 'opened' }
  | { readonly kind: 'pushed'; readonly output: PushReport }
  | { readonly kind: 'failed'; readonly message: string };

/** One push as the process saw itself. */
export interface PushReport {
  readonly ms: number;
  /** Of the image that was transferred first. */
  readonly strategy: PushStrategy;
  /** Of all images. */
  readonly uploadedBytes: number;
  /** Resident memory: the peak during the push less what the idle process had. Million bytes. */
  readonly peakRssMb: number;
  /** Delay of the event loop by perf_hooks; it includes the probe's own interval. */
  readonly delayP99Ms: number;
  /** CPU time of the process, all threads. */
  readonly cpuMs: number;
  readonly phases: Phases | undefined;
}

/** Where the time of a push went, in ms. */
export interface Phases {
  /** Before the engine was asked for the archive, or to push. Includes priming it digests, where it needs that. */
  readonly before: number;
  /** Until the first byte of the archive, or the engine's first request. */
  readonly silent: number;
  /** From then to the last byte, or until the engine is done. */
  readonly reading: number;
  /** After that: what was left to compress and send, config, manifest, check. */
  readonly after: number;
}
