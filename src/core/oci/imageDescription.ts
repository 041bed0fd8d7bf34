import * as v from 'valibot';
import { lenient, listOf } from '../base/json.ts';
import type { Digest } from './digest.ts';

/** What a container gets of an image: OCI image-spec, config.md §Properties `config`, in Docker's spelling. */
export interface ContainerSettings {
  readonly user: string;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=value`, in the image's order: a later one replaces an earlier one. */
  readonly env: readonly string[];
  /** `8080/tcp`, sorted. */
  readonly ports: readonly string[];
  /** Sorted. */
  readonly volumes: readonly string[];
  /** Sorted by name. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly stopSignal: string;
  /** JSON; empty if there is none. */
  readonly healthcheck: string;
  readonly shell: readonly string[];
  readonly onBuild: readonly string[];
}

export interface DescribedLayer {
  /** Undefined for what is no layer of files, such as an artifact's blob. */
  readonly diffId: Digest | undefined;
  /** Bytes: as the registry stores it, or of its files in the engine; undefined if the engine does not say which. */
  readonly size: number | undefined;
  /** As the registry stores it. */
  readonly blob: { readonly digest: Digest; readonly mediaType: string } | undefined;
  /** The instruction that made it, where that is known. */
  readonly madeBy: string | undefined;
}

/** An image of one platform, in a form in which one of an engine and one of a registry can be compared. */
export interface ImageDescription {
  /** Undefined where the engine does not say. */
  readonly manifest: Digest | undefined;
  readonly config: Digest | undefined;
  /** `linux/arm64/v8`; undefined if the image names none. */
  readonly platform: string | undefined;
  /** ISO 8601. */
  readonly createdAt: string | undefined;
  readonly settings: ContainerSettings;
  /** Base first. */
  readonly layers: readonly DescribedLayer[];
}

const text = v.fallback(v.nullish(v.string(), ''), '');
const texts = listOf(v.string());
const names = v.fallback(
  v.pipe(
    v.nullish(v.record(v.string(), v.unknown()), {}),
    v.transform((record) => Object.keys(record).sort()),
  ),
  [],
);

/** `Config` of an engine's inspect, and `config` of an image's config. What is missing or of another type is not there. */
export const containerSettings = v.pipe(
  v.object({
    ...{ User: text, WorkingDir: text, StopSignal: text },
    ...{ Entrypoint: texts, Cmd: texts, Env: texts, Shell: texts, OnBuild: texts },
    ...{ ExposedPorts: names, Volumes: names },
    Labels: v.fallback(v.nullish(v.record(v.string(), v.string()), {}), {}),
    Healthcheck: lenient(v.nullable(v.record(v.string(), v.unknown()))),
  }),
  v.transform((config): ContainerSettings => ({
    user: config.User,
    workingDir: config.WorkingDir,
    entrypoint: config.Entrypoint,
    cmd: config.Cmd,
    env: config.Env,
    ports: config.ExposedPorts,
    volumes: config.Volumes,
    labels: Object.entries(config.Labels).sort(([one], [other]) => (one < other ? -1 : 1)),
    stopSignal: config.StopSignal,
    healthcheck: config.Healthcheck ? JSON.stringify(config.Healthcheck) : '',
    shell: config.Shell,
    onBuild: config.OnBuild,
  })),
);

/** Of an image whose config says nothing of it. */
export const noSettings: ContainerSettings = v.parse(containerSettings, {});
