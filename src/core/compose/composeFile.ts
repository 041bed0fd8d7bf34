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
    const sentence =
      line === undefined
        ? l10n.t`The compose file ${path} is not YAML.`
        : l10n.t`The compose file ${path} is not YAML (line ${line}).`;
    throw invalid(path, sentence, problem);
  }
  // `!reset` and `!override` (compose-spec, 13-merge.md) change how files are merged.
  const tagged = document.warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
  if (tagged !== undefined)
    throw invalid(
      path,
      l10n.t`The compose file ${path} has a YAML tag such as !reset or !override, which is not supported.`,
    );
  const read = v.safeParse(
    composeFile,
    toValue(path, () => document.toJS() as unknown),
  );
  if (!read.success) {
    const where = read.issues[0].path?.map(({ key }) => String(key)).join('.');
    const sentence =
      where === undefined
        ? l10n.t`The compose file ${path} has something else than expected at its first line.`
        : l10n.t`The compose file ${path} has something else than expected at ${where}.`;
    throw invalid(path, sentence);
  }
  if (read.output.include !== undefined && read.output.include !== null) {
    throw invalid(path, l10n.t`The compose file ${path} includes other files (“include”), which is not supported.`);
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
      l10n.t`The compose file ${path} cannot be read: its anchors and aliases do not fit together, or there are too many.`,
      error,
    );
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > largestFile)
      throw invalid(path, l10n.t`The compose file ${path} is too large for a compose file: more than 1 MiB.`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof TeaChestError) throw error;
    const code = systemCode(error);
    throw invalid(
      path,
      code === 'ENOENT' ? l10n.t`The compose file ${path} does not exist.` : unreadable(path, code ?? String(error)),
      error,
    );
  }
}

export function unreadable(path: string, why: string): string {
  return l10n.t`The compose file ${path} cannot be read (${why}).`;
}

export function invalid(path: string, message: string, cause?: unknown): TeaChestError {
  return new TeaChestError('composeFileInvalid', message, {
    ...{ stage: 'resolve', facts: { file: path } },
    ...(cause !== undefined && { cause }),
  });
}
