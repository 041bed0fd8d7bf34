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
  if (artifactType === undefined || artifactType === '') return l10n.t('artifact');
  return artifactNames[artifactType] ?? l10n.t`artifact ${artifactType}`;
}

/** `2 running containers, 1 stopped container`; undefined if there are none, or the engine did not say. */
export function countContainers({ usedBy }: EngineImage): string | undefined {
  if (usedBy === undefined) return undefined;
  const { running, stopped } = usedBy;
  const counts = [
    running === 0 ? undefined : running === 1 ? l10n.t('1 running container') : l10n.t`${running} running containers`,
    stopped === 0 ? undefined : stopped === 1 ? l10n.t('1 stopped container') : l10n.t`${stopped} stopped containers`,
  ];
  const used = joined(counts, ', ');
  return used === '' ? undefined : used;
}

export function isRunning({ usedBy }: EngineImage): boolean {
  return usedBy !== undefined && usedBy.running > 0;
}

/** `in use`, or `in use (stopped)` if only stopped containers are left of it; undefined if there are none. */
export function describeUse({ usedBy }: EngineImage): string | undefined {
  if (usedBy === undefined) return undefined;
  if (usedBy.running > 0) return l10n.t('in use');
  return usedBy.stopped > 0 ? l10n.t('in use (stopped)') : undefined;
}
