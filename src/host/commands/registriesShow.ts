import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { describeManifest } from '../../core/gitea/browse/describeManifest.ts';
import type { DocumentPart } from '../../core/gitea/browse/readDocument.ts';
import { shortDigest, type Digest } from '../../core/oci/digest.ts';
import { pickOne } from '../input/prompts.ts';
import { documentUri } from '../registry/registryDocuments.ts';
import type { RegistryNode } from '../views/registries/registryTree.ts';
import { withRegistry, type RegistryActionDependencies } from './registryAction.ts';
import { TeaChestError } from '../../core/base/errors.ts';

interface Shown {
  readonly digest: Digest;
  readonly label: string;
}

/** `teaChest.registries.showManifest`, `showConfig`, `showHistory`: opens a read-only document. */
export async function registriesShowCommand(
  dependencies: RegistryActionDependencies,
  part: DocumentPart,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'tag' && node?.type !== 'digest') return;
  const { connection, repository } = node;
  const images = await withRegistry(
    dependencies,
    connection,
    l10n.t('Reading the manifest'),
    async ({ contents, signal }) => {
      const opened = await contents.open(repository, { signal });
      const reference = node.type === 'tag' ? node.tag : node.digest;
      const known = await describeManifest(opened, reference, { signal }, new Map());
      if (known === undefined) {
        const { host } = contents;
        throw new TeaChestError('changedMeanwhile', l10n.t`${host} has no ${repository}:${reference} any more.`);
      }
      const self = { digest: known.digest, label: node.type === 'tag' ? node.tag : node.label };
      if (part === 'manifest' || known.kind !== 'index') return [self];
      return known.children.map((child): Shown => ({
        digest: child.digest,
        label: child.platform ?? shortDigest(child.digest),
      }));
    },
  );
  const image = images === undefined ? undefined : await pickImage(images);
  if (image === undefined) return;
  const document = await vscode.workspace.openTextDocument(documentUri({ connection, repository, part, ...image }));
  await vscode.window.showTextDocument(document, { preview: true });
}

/** An index has no config of its own. */
async function pickImage(images: readonly Shown[]): Promise<Shown | undefined> {
  const [first, ...others] = images;
  if (others.length === 0) return first;
  const choices = images.map((image) => ({ label: image.label, description: shortDigest(image.digest), value: image }));
  return await pickOne(choices, { title: l10n.t('Show Image'), placeholder: l10n.t('Which image of the index?') });
}
