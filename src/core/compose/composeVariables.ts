import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import * as l10n from '@vscode/l10n';
import { systemCode } from '../base/errors.ts';
import { invalid, unreadable } from './composeFile.ts';
import type { Variables } from './interpolate.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The variables of a project: those of the process, then those of `.env` in its folder, as docker compose reads them. Values
 * of `.env` are taken as they are: one with a dollar sign is refused, since docker compose would replace variables in it.
 */
export async function composeVariables(folder: string, environment: Environment): Promise<Variables> {
  const path = join(folder, '.env');
  const file = parseEnv(await readIfThere(path));
  return (name) => {
    const own = environment[name];
    if (own !== undefined) return own;
    const value = file[name];
    if (value?.includes('$') === true) {
      throw invalid(
        path,
        l10n.t`The compose file ${path} gives ${name} a value with a dollar sign, and variables there are not supported.`,
      );
    }
    return value;
  };
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return '';
    throw invalid(path, unreadable(path, systemCode(error) ?? String(error)), error);
  }
}
