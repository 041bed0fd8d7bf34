import * as v from 'valibot';
import { lenient, parseJson } from '../base/json.ts';
import { digestSchema, type Digest } from './digest.ts';
import { byteCount, descriptor, type Descriptor } from './manifest.ts';
import { describePlatform } from './platform.ts';

/** A manifest that an index names. */
export interface IndexChild extends Descriptor {
  /** `linux/arm64/v8`; undefined for one of no platform, such as an attestation. */
  readonly platform: string | undefined;
}

/** What a manifest or an index refers to. */
export interface ManifestLinks {
  readonly kind: 'image' | 'index';
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly children: readonly IndexChild[];
  /** The manifest that this one is about (image-spec 1.1, `subject`). */
  readonly subject: Digest | undefined;
}

const platform = v.object({ os: v.string(), architecture: v.string(), variant: lenient(v.string()) });

const child = v.object({ mediaType: v.string(), digest: digestSchema, size: byteCount, platform: lenient(platform) });

const subject = lenient(v.object({ digest: digestSchema }));

const image = v.object({ config: descriptor, layers: v.nullish(v.array(descriptor), []), subject });

const index = v.object({ manifests: v.array(child), subject });

/**
 * Undefined for what is neither a manifest nor an index, and for one that names anything without a sha256 digest and a
 * size: of such a thing it is not known what it needs.
 */
export function readManifestLinks(bytes: Uint8Array): ManifestLinks | undefined {
  const found = parseJson(index, bytes);
  if (found !== undefined) {
    const children = found.manifests.map(({ platform: of, ...rest }) => ({ ...rest, platform: platformName(of) }));
    return { kind: 'index', config: undefined, layers: [], children, subject: found.subject?.digest };
  }
  const manifest = parseJson(image, bytes);
  if (manifest === undefined) return undefined;
  const { config, layers } = manifest;
  return { kind: 'image', config, layers, children: [], subject: manifest.subject?.digest };
}

function platformName(of: v.InferOutput<typeof platform> | undefined): string | undefined {
  // buildx gives attestations the platform unknown/unknown.
  if (of === undefined || of.os === 'unknown') return undefined;
  const { os, architecture, variant = '' } = of;
  return describePlatform({ os, architecture, variant });
}
