import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { TeaChestError } from '../../base/errors.ts';
import { lenient, listOf, parseJson } from '../../base/json.ts';
import { escapeInvisible, plainText } from '../../base/plainText.ts';
import { padStartToWidth, padToWidth } from '../../base/textWidth.ts';
import { digestOf, type Digest } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/manifest.ts';
import { readManifestLinks } from '../../oci/manifestLinks.ts';
import type { Repository } from '../../registry/repository.ts';
import type { BrowseCall } from './registryContents.ts';

export type DocumentPart = 'manifest' | 'config' | 'history';

/** VS Code opens larger documents without colours or not at all. */
const mostBytes = 4 * 1024 * 1024;

/**
 * A manifest or a config as JSON that a person can read, or the history as a table. The bytes are compared with their
 * digest. Characters that are not seen are written as escapes.
 */
export async function readDocument(
  repository: Repository,
  { digest, part }: { readonly digest: Digest; readonly part: DocumentPart },
  call: BrowseCall,
): Promise<string> {
  const stored = await repository.readManifest(digest, call);
  if (stored === undefined)
    throw missing(l10n.t`The registry does not have the manifest ${digest} of ${repository.repository} any more.`);
  if (stored.digest !== digest) throw mismatch(digest, stored.digest);
  if (part === 'manifest') return pretty(stored.bytes);
  const links = readManifestLinks(stored.bytes);
  if (links?.config === undefined) {
    const what = l10n.t`${digest} is an index or no image: it has no config and no history. Its images have.`;
    throw new TeaChestError('registryRefused', what);
  }
  const config = await readConfig(repository, links.config, call);
  return part === 'config' ? pretty(config) : historyTable(config, links.layers);
}

async function readConfig(repository: Repository, { digest, size }: Descriptor, call: BrowseCall): Promise<Uint8Array> {
  if (size > mostBytes)
    throw new TeaChestError('registryRefused', l10n.t`The config ${digest} is too large to be shown: ${size} bytes.`);
  const bytes = await repository.getBlob(digest, call);
  if (bytes === undefined)
    throw missing(l10n.t`The registry does not have the config ${digest} of ${repository.repository} any more.`);
  const actual = digestOf(bytes);
  if (actual !== digest) throw mismatch(digest, actual);
  return bytes;
}

function pretty(bytes: Uint8Array): string {
  if (bytes.byteLength > mostBytes) {
    throw new TeaChestError(
      'registryRefused',
      l10n.t`The manifest is too large to be shown: ${bytes.byteLength} bytes.`,
    );
  }
  const value = parseJson(v.unknown(), bytes);
  if (value === undefined) return `${escapeInvisible(new TextDecoder().decode(bytes))}\n`;
  return `${escapeInvisible(JSON.stringify(value, undefined, 2))}\n`;
}

/** OCI image-spec, config.md §Properties: `history`. */
const history = v.object({
  history: listOf(
    v.object({
      created: lenient(v.string()),
      created_by: lenient(v.string()),
      comment: lenient(v.string()),
      empty_layer: lenient(v.boolean()),
    }),
  ),
});

/** One line an entry, base first, with the size of its layer as it is stored. */
function historyTable(config: Uint8Array, layers: readonly Descriptor[]): string {
  const entries = parseJson(history, config)?.history ?? [];
  if (entries.length === 0) return `${l10n.t('The config of this image has no history.')}\n`;
  let next = 0;
  const lines = entries.map(({ created = '', created_by: command = '', comment = '', empty_layer: isEmpty }) => {
    const layer = isEmpty === true ? undefined : layers[next++];
    const size =
      layer === undefined
        ? ''
        : l10n.t({
            message: '{0} bytes',
            args: [layer.size],
            comment: 'In a column of a table that is 18 characters wide',
          });
    const text = plainText(
      [command, comment === '' ? '' : `# ${comment}`].filter((one) => one !== '').join('  '),
      10_000,
    );
    return `${padToWidth(plainText(created, 40), 32)}${padStartToWidth(size, 18)}  ${text}`.trimEnd();
  });
  const created = l10n.t({ message: 'CREATED', comment: 'Title of a column that is 32 characters wide: a date' });
  const layer = l10n.t({
    message: 'LAYER',
    comment: 'Title of a column that is 18 characters wide: the size of a layer',
  });
  const command = l10n.t({ message: 'CREATED BY', comment: 'Title of a column: the command that made a layer' });
  return `${padToWidth(created, 32)}${padStartToWidth(layer, 18)}  ${command}\n${lines.join('\n')}\n`;
}

function missing(message: string): TeaChestError {
  return new TeaChestError('registryRefused', message);
}

function mismatch(expected: Digest, actual: Digest): TeaChestError {
  return new TeaChestError(
    'digestMismatch',
    l10n.t`The registry gave other bytes for ${expected}; their digest is ${actual}.`,
  );
}
