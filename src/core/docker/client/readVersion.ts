import * as v from 'valibot';
import { lenient, listOf, readValue } from '../../base/json.ts';
import type { EngineVersion } from '../types.ts';
import { chooseApiVersion } from './chooseApiVersion.ts';

const versionAnswer = v.object({
  Version: lenient(v.string()),
  ApiVersion: lenient(v.string()),
  MinAPIVersion: lenient(v.string()),
  Os: lenient(v.string()),
  Arch: lenient(v.string()),
  /** Docker's `Engine`, podman's `Podman Engine`. */
  Components: listOf(v.object({ Name: v.string() })),
});

/** The answer of `GET /version`. */
export function readVersion(answer: unknown): EngineVersion {
  const { Version, ApiVersion, MinAPIVersion, Os, Arch, Components = [] } = readValue(versionAnswer, answer) ?? {};
  return {
    product: Components.some(({ Name }) => Name.startsWith('Podman')) ? 'Podman' : 'Docker',
    version: Version ?? '',
    api: chooseApiVersion(ApiVersion, MinAPIVersion),
    ...(Os !== undefined && Arch !== undefined && { platform: { os: Os, architecture: Arch } }),
  };
}
