import type { EngineImage } from '../../src/core/docker/types.ts';

/** An image as an engine lists it, with these facts. */
export function engineImage(facts: Partial<EngineImage> = {}): EngineImage {
  return {
    id: `sha256:${'a'.repeat(64)}`,
    references: ['app:1'],
    digestReferences: [],
    size: 1,
    createdAt: '2026-11-24T10:50:24.000Z',
    taggedAt: undefined,
    platforms: undefined,
    isArtifact: false,
    artifactType: undefined,
    usedBy: undefined,
    obstacle: undefined,
    ...facts,
  };
}
