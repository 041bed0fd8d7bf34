/** The fields of a manifest or an index that Gitea reads. */
export interface ManifestDocument {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

type Shape = 'text' | 'integer' | 'texts' | 'textMap' | readonly [Fields] | Fields;
interface Fields {
  readonly [name: string]: Shape;
}

const platform: Fields = {
  architecture: 'text',
  os: 'text',
  'os.version': 'text',
  'os.features': 'texts',
  variant: 'text',
};
const descriptor: Fields = {
  mediaType: 'text',
  digest: 'text',
  size: 'integer',
  urls: 'texts',
  annotations: 'textMap',
  data: 'text',
  platform,
  artifactType: 'text',
};
/** image-spec's Index and Manifest in one: Gitea decodes a manifest as both, an index only as the former. */
const document: Fields = {
  schemaVersion: 'integer',
  mediaType: 'text',
  artifactType: 'text',
  config: descriptor,
  layers: [descriptor],
  manifests: [descriptor],
  subject: descriptor,
  annotations: 'textMap',
};

/**
 * Decodes as Go does: an absent field or null has its zero value. Undefined if a value has the wrong type, or the text is
 * not JSON.
 */
export function decodeManifest(bytes: Buffer): ManifestDocument | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!fits(value, document)) return undefined;
  const { schemaVersion, mediaType, config, layers, manifests } = (value ?? {}) as {
    [name in keyof ManifestDocument]?: unknown;
  };
  return {
    schemaVersion: typeof schemaVersion === 'number' ? schemaVersion : 0,
    mediaType: textOf(mediaType),
    config: descriptorOf(config),
    layers: descriptorsOf(layers),
    manifests: descriptorsOf(manifests),
  };
}

function fits(value: unknown, shape: Shape): boolean {
  if (value === null || value === undefined) return true;
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'integer') return Number.isInteger(value);
  if (shape === 'texts') return Array.isArray(value) && value.every((each) => fits(each, 'text'));
  if (isList(shape)) return Array.isArray(value) && value.every((each) => fits(each, shape[0]));
  if (typeof value !== 'object' || Array.isArray(value)) return false;
  if (shape === 'textMap') return Object.values(value).every((each) => fits(each, 'text'));
  return Object.entries(shape).every(([name, inner]) => fits((value as Record<string, unknown>)[name], inner));
}

function isList(shape: Shape): shape is readonly [Fields] {
  return Array.isArray(shape);
}

function descriptorsOf(value: unknown): Descriptor[] {
  return Array.isArray(value) ? value.map(descriptorOf) : [];
}

function descriptorOf(value: unknown): Descriptor {
  const { mediaType, digest, size } = (value ?? {}) as { [name in keyof Descriptor]?: unknown };
  return { mediaType: textOf(mediaType), digest: textOf(digest), size: typeof size === 'number' ? size : 0 };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
