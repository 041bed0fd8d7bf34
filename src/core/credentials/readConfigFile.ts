import * as l10n from '@vscode/l10n';
import { systemCode, TeaChestError } from '../base/errors.ts';
import type { CredentialMachine } from './credentialMachine.ts';

/** A file's value, or why it has none. Neither if there is no such file. */
export interface ConfigFile {
  readonly path: string;
  readonly value?: unknown;
  readonly problem?: string;
}

/** Reads a file of settings. An empty one, which a crash may leave, has no settings. No message quotes the file. */
export async function readConfigFile(
  machine: CredentialMachine,
  path: string,
  format: 'json' | 'yaml',
): Promise<ConfigFile> {
  let bytes: Buffer | undefined;
  try {
    bytes = await machine.readFile(path);
  } catch (error) {
    if (error instanceof TeaChestError) return { path, problem: error.message };
    const code = systemCode(error);
    return {
      path,
      problem:
        code === undefined
          ? l10n.t`${path} cannot be read (unknown reason).`
          : l10n.t`${path} cannot be read (${code}).`,
    };
  }
  const text = bytes === undefined ? '' : decode(bytes);
  if (text.trim() === '') return { path };
  const value = format === 'json' ? parseJsonText(text) : (await import('./parseYaml.ts')).parseYaml(text);
  if (typeof value === 'object' && value !== null) return { path, value };
  return { path, problem: format === 'json' ? l10n.t`${path} is not valid JSON.` : l10n.t`${path} is not valid YAML.` };
}

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Editors and shells of Windows save UTF-8 and UTF-16 with a byte order mark, which `TextDecoder` removes. */
function decode(bytes: Buffer): string {
  const isUtf16 = bytes.byteLength >= 2 && bytes.readUInt16LE(0) === 0xfeff;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}
