import * as l10n from '@vscode/l10n';
import { checkTag } from '../../core/gitea/checkTarget.ts';
import { digestOfTag, retag } from '../../core/gitea/browse/retag.ts';
import { isTag } from '../../core/oci/imageReference.ts';
import { shortDigest, type Digest } from '../../core/oci/digest.ts';
import { TeaChestError } from '../../core/base/errors.ts';
import type { Connection } from '../connections/connection.ts';
import { askModal, showInformation } from '../display/messages.ts';
import { askAlone, askText } from '../input/prompts.ts';
import { nodeReference, type DigestNode, type RegistryNode, type TagNode } from '../views/registries/registryTree.ts';
import { digestOfNode, withRegistry, type RegistryActionDependencies } from './registryAction.ts';

/** `teaChest.registries.retag`: gives what is there another tag, without moving layers. */
export async function registriesRetagCommand(
  dependencies: RegistryActionDependencies,
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'tag' && node?.type !== 'digest') return;
  const tag = await askTag(node);
  if (tag === undefined) return;
  const { connection, repository } = node;
  const target = `${connection.host}/${repository}:${tag}`;
  const title = l10n.t`Tagging ${target}`;
  const seen = await withRegistry(dependencies, connection, title, async (call) => ({
    digest: await requireDigest(call, node),
    replaces: await digestOfTag(call.contents, { repository, tag }, call),
  }));
  if (seen === undefined) return;
  const { digest, replaces } = seen;
  if (replaces === digest) {
    const same = l10n.t({
      message: '{0} is {1} already.',
      args: [target, shortDigest(digest)],
      comment: '{0} is a tag, {1} the digest that it stands for.',
    });
    void showInformation(same, []);
    return;
  }
  const detail = l10n.t`It stands for ${shortDigest(replaces ?? '')} now, and would stand for ${shortDigest(digest)}. Whoever pulls it gets the other image.`;
  if (
    replaces !== undefined &&
    !(await askModal(
      l10n.t`Move the tag ${target}?`,
      [detail],
      l10n.t({ message: 'Move', comment: 'A button: the tag then stands for another image.' }),
    ))
  )
    return;
  const done = await withRegistry(dependencies, connection, title, async (call) => {
    await retag(call.contents, { repository, digest, tag, replaces }, call);
    return true;
  });
  if (done !== true) return;
  dependencies.registriesView.update();
  dependencies.onTagsChanged(node.connection);
  void showInformation(l10n.t`${target} stands for ${shortDigest(digest)} now.`, []);
}

async function requireDigest(call: Parameters<typeof digestOfNode>[0], node: TagNode | DigestNode): Promise<Digest> {
  const digest = await digestOfNode(call, node);
  if (digest !== undefined) return digest;
  throw new TeaChestError('changedMeanwhile', l10n.t`${nodeReference(node) ?? ''} is not there any more.`);
}

async function askTag(node: TagNode | DigestNode): Promise<string | undefined> {
  const { connection } = node;
  const text = await askAlone(l10n.t('Add Tag'), (position) =>
    askText(position, {
      prompt: l10n.t`Another tag for ${nodeReference(node) ?? ''}`,
      judge: (typed) => judgeTag(connection, typed.trim()),
    }),
  );
  if (text === undefined) return undefined;
  const check = checkTag(text.trim());
  return connection.kind === 'generic' || !check.ok ? text.trim() : check.value;
}

function judgeTag({ kind }: Connection, text: string): { readonly problem?: string; readonly notice?: string } {
  const check = checkTag(text);
  // Only Gitea stores tags in lower case.
  if (kind === 'generic') return isTag(text) ? {} : { problem: check.ok ? l10n.t('This cannot be a tag.') : check.why };
  if (!check.ok) return { problem: check.why };
  return check.notice === undefined ? {} : { notice: check.notice };
}
