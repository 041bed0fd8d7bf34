import { readFile, stat } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { parseDocument } from 'yaml';
import { TeaChestError, systemCode } from '../base/errors.ts';

/** What a service says about its image. `null` is what YAML makes of a key without a value. */
const service = v.object({
  image: v.nullish(v.string()),
  build: v.nullish(v.union([v.string(), v.record(v.string(), v.unknown())])),
  profiles: v.nullish(v.array(v.string())),
  extends: v.nullish(v.union([v.string(), v.object({ service: v.string(), file: v.nullish(v.string()) })])),
});

/** The part of a compose file (compose-spec) that names images. Other keys are not read. */
const composeFile = v.object({
  name: v.nullish(v.string()),
  include: v.nullish(v.unknown()),
  services: v.nullish(v.record(v.string(), v.nullish(service))),
});

export type ServiceEntry = Readonly<v.InferOutput<typeof service>>;
export type ComposeFile = Readonly<v.InferOutput<typeof composeFile>>;

/** A compose file has some kilobytes. */
const largestFile = 1024 * 1024;

/** @throws TeaChestError `composeFileInvalid` */
export async function readComposeFile(path: string): Promise<ComposeFile> {
  const document = parseDocument(await readText(path), { merge: true, logLevel: 'silent' });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = problem.linePos?.[0].line;
    throw invalid(path, l10n.t`is not YAML${line === undefined ? '' : l10n.t` (line ${line})`}`, problem);
  }
  // `!reset` and `!override` (compose-spec, 13-merge.md) change how files are merged.
  const tagged = document.warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
  if (tagged !== undefined)
    throw invalid(path, l10n.t('has a YAML tag such as !reset or !override, which is not supported'));
  const read = v.safeParse(
    composeFile,
    toValue(path, () => document.toJS() as unknown),
  );
  if (!read.success) {
    const where = read.issues[0].path?.map(({ key }) => String(key)).join('.') ?? l10n.t('its first line');
    throw invalid(path, l10n.t`has something else than expected at ${where}`);
  }
  if (read.output.include !== undefined && read.output.include !== null) {
    throw invalid(path, l10n.t('includes other files (“include”), which is not supported'));
  }
  return read.output;
}

/** Too many aliases are refused by the reader, as they may stand for more than the memory holds. */
function toValue(path: string, read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    throw invalid(
      path,
      l10n.t('cannot be read: its anchors and aliases do not fit together, or there are too many'),
      error,
    );
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > largestFile) throw invalid(path, l10n.t('is too large for a compose file: more than 1 MiB'));
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof TeaChestError) throw error;
    const code = systemCode(error);
    throw invalid(
      path,
      code === 'ENOENT' ? l10n.t('does not exist') : l10n.t`cannot be read (${code ?? String(error)})`,
      error,
    );
  }
}

/** `why` completes the sentence “The compose file X …”. */
export function invalid(path: string, why: string, cause?: unknown): TeaChestError {
  return new TeaChestError('composeFileInvalid', l10n.t`The compose file ${path} ${why}.`, {
    ...{ stage: 'resolve', facts: { file: path } },
    ...(cause !== undefined && { cause }),
  });
}
