import * as l10n from '@vscode/l10n';
import type { EngineImage } from '../../../core/docker/types.ts';
import { describePlatform, type Platform } from '../../../core/oci/platform.ts';

/** The facts that there are. */
export function joined(facts: readonly (string | undefined)[], separator: string): string {
  return facts.filter((fact) => fact !== undefined && fact !== '').join(separator);
}

/** `linux/amd64, linux/arm64`; empty if the image names none. */
export function describePlatforms(platforms: readonly Platform[]): string {
  return joined(platforms.map(describePlatform), ', ');
}

const artifactNames: Readonly<Record<string, string>> = {
  'application/vnd.cncf.helm.config.v1+json': l10n.t('Helm chart'),
};

/** `Helm chart`, `artifact application/vnd.example.thing`, or `artifact` where its type is not known. */
export function describeArtifact({ artifactType }: Pick<EngineImage, 'artifactType'>): string {
  return artifactNames[artifactType ?? ''] ?? joined(['artifact', artifactType], ' ');
}

/** `in use by 2 running containers and 1 stopped one`; undefined if there are none, or the engine did not say. */
export function describeContainers({ usedBy }: EngineImage): string | undefined {
  if (usedBy === undefined) return undefined;
  const { running, stopped } = usedBy;
  if (running + stopped === 0) return undefined;
  if (running === 0) return l10n.t`in use by ${stopped} stopped ${stopped === 1 ? 'container' : 'containers'}`;
  const more = stopped === 0 ? '' : l10n.t` and ${stopped} stopped ${stopped === 1 ? 'one' : 'ones'}`;
  return l10n.t`in use by ${running} running ${running === 1 ? 'container' : 'containers'}${more}`;
}

/** `in use`, or `in use (stopped)` if only stopped containers are left of it; undefined if there are none. */
export function describeUse({ usedBy }: EngineImage): string | undefined {
  if (usedBy === undefined) return undefined;
  if (usedBy.running > 0) return l10n.t('in use');
  return usedBy.stopped > 0 ? l10n.t('in use (stopped)') : undefined;
}
