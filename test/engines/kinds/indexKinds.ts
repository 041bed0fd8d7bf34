import { addAttestation, addIndex, Blobs, oci, type Described } from '../../tools/ociLayout.ts';
import { addImage, makeLayer, type Source, type SourceManifest } from '../sourceImage.ts';
import { layerTar, noise } from './files.ts';
import type { ImageKind } from './imageKind.ts';

/** Indexes, and what is no image. */
export const indexKinds: readonly ImageKind[] = [
  { name: 'an index', about: 'linux/amd64 and linux/arm64, both here.', make: () => completeIndex('complete') },
  { name: 'an index with a platform missing', about: 'Only linux/amd64 is here.', make: partialIndex },
  {
    name: 'an index with attestations',
    about: 'One platform and its provenance, as BuildKit writes it.',
    make: attestedIndex,
  },
  { name: 'a nested index', about: 'An index that names an index.', make: nestedIndex },
  {
    name: 'a podman manifest list',
    about: 'Made by `podman manifest create` of two images.',
    make: () => completeIndex('listed'),
    isPodmanList: true,
  },
  {
    name: 'a Helm chart',
    about: 'An OCI artifact: its config is no image config.',
    make: helmChart,
    unpullable: 'docker pulls images only',
  },
];

interface PlatformImage {
  readonly described: Described;
  readonly manifest: SourceManifest;
  readonly diffIds: readonly string[];
}

async function addPlatform(blobs: Blobs, name: string, architecture: string): Promise<PlatformImage> {
  const layer = makeLayer(await layerTar({ [`${name}/${architecture}`]: noise(name + architecture, 40_000) }));
  const { top, manifest } = addImage(blobs, { layers: [layer], config: { architecture } });
  return {
    described: { ...top, platform: { os: 'linux', architecture } } as Described,
    manifest,
    diffIds: [layer.diffId],
  };
}

function source(blobs: Blobs, listed: readonly object[], { diffIds }: PlatformImage): Source {
  // docker's archive format has no indexes.
  return { blobs, top: addIndex(blobs, listed), diffIds, manifest: undefined };
}

async function completeIndex(name: string): Promise<Source> {
  const blobs = new Blobs();
  const amd = await addPlatform(blobs, name, 'amd64');
  const arm = await addPlatform(blobs, name, 'arm64');
  return source(blobs, [amd.described, arm.described], amd);
}

async function partialIndex(): Promise<Source> {
  const blobs = new Blobs();
  const amd = await addPlatform(blobs, 'partial', 'amd64');
  const arm = await addPlatform(new Blobs(), 'partial', 'arm64');
  return source(blobs, [amd.described, arm.described], amd);
}

async function attestedIndex(): Promise<Source> {
  const blobs = new Blobs();
  const amd = await addPlatform(blobs, 'attested', 'amd64');
  return source(blobs, [amd.described, addAttestation(blobs, amd.described)], amd);
}

async function nestedIndex(): Promise<Source> {
  const blobs = new Blobs();
  const amd = await addPlatform(blobs, 'nested', 'amd64');
  const arm = await addPlatform(blobs, 'nested', 'arm64');
  return source(blobs, [amd.described, addIndex(blobs, [arm.described])], amd);
}

function helmChart(): Promise<Source> {
  const blobs = new Blobs();
  const config = blobs.add('application/vnd.cncf.helm.config.v1+json', {
    name: 'chart',
    version: '0.1.0',
    apiVersion: 'v2',
  });
  return layerTar({ 'chart/Chart.yaml': 'name: chart\nversion: 0.1.0\n' }).then((tar) => {
    const layer = blobs.add('application/vnd.cncf.helm.chart.content.v1.tar+gzip', makeLayer(tar).blob);
    const manifestType = `${oci}.manifest.v1+json`;
    const top = blobs.add(manifestType, { schemaVersion: 2, mediaType: manifestType, config, layers: [layer] });
    return { blobs, top, diffIds: [], manifest: undefined };
  });
}
