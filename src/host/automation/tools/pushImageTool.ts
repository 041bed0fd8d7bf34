import * as l10n from '@vscode/l10n';
import { LRUCache } from 'lru-cache';
import type * as vscode from 'vscode';
import { TeaChestError } from '../../../core/base/errors.ts';
import type { Audience } from '../../../core/gitea/readAudience.ts';
import { inertText } from '../../display/inertText.ts';
import { markdownValue, type MarkdownLine } from '../../display/markdownText.ts';
import { markdownTooltip } from '../../display/markdownTooltip.ts';
import { withSignal } from '../../progress/cancellation.ts';
import type { PushArguments } from '../../push/pushArguments.ts';
import type { PushJob } from '../../push/pushJob.ts';
import { pushUnattended, type UnattendedDependencies } from '../../push/pushUnattended.ts';
import { resolvePush } from '../../push/resolvePush.ts';
import { targetNeeded } from '../../push/targetNeeded.ts';
import type { RegistryBrowser } from '../../registry/registryBrowser.ts';
import type { PublicOwners } from '../../targets/publicOwners.ts';
import { hasOwners } from '../../targets/settleTarget.ts';
import { briefImage, formatTarget } from '../../targets/target.ts';
import { readImageInput, type ImageInput } from './toolInput.ts';
import { runTool, toolResult } from './toolResult.ts';

export interface PushImageToolDependencies extends UnattendedDependencies {
  readonly access: Pick<RegistryBrowser, 'audienceOf'>;
  readonly publicOwners: Pick<PublicOwners, 'confirm'>;
}

const toolName = 'teaChest_pushImage';
const mostShown = 100;

const audiences: Readonly<Record<Audience, string>> = {
  everybody: l10n.t('The owner is public: everybody who can reach the server can pull the image.'),
  signedIn: l10n.t('Everybody who can sign in to the server can pull the image.'),
  members: l10n.t('Only the owner and its members can pull the image.'),
};

/**
 * The language-model tool `teaChest_pushImage`. VS Code asks the person before each call, with the image, the target and
 * who can see it; the first push to a public owner is confirmed besides, as with a push by hand.
 */
export class PushImageTool implements vscode.LanguageModelTool<ImageInput> {
  readonly #dependencies: PushImageToolDependencies;
  /** The target that the person has read last, for each input. VS Code does not say which question a call belongs to. */
  readonly #shown = new LRUCache<string, string>({ max: mostShown });

  constructor(dependencies: PushImageToolDependencies) {
    this.#dependencies = dependencies;
  }

  async prepareInvocation({
    input,
  }: vscode.LanguageModelToolInvocationPrepareOptions<ImageInput>): Promise<vscode.PreparedToolInvocation> {
    return await runTool(async () => {
      const read = readImageInput(toolName, input);
      const job = this.#resolve(read);
      const target = formatTarget(job.target);
      this.#shown.set(JSON.stringify(read), target);
      const lines: readonly MarkdownLine[] = [
        [l10n.t`Image: ${markdownValue(job.image).value}`],
        [l10n.t`Target: ${markdownValue(target).value}`],
        [await this.#visibility(job)],
      ];
      const title = inertText(l10n.t`Push ${briefImage(job.image)} to ${target}?`);
      return {
        invocationMessage: inertText(l10n.t`Pushing ${briefImage(job.image)} to ${target}`),
        confirmationMessages: { title, message: markdownTooltip(lines) },
      };
    });
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<ImageInput>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    return await runTool(() =>
      withSignal(token, async (signal) => {
        const read = readImageInput(toolName, input);
        // The image may have gone elsewhere since then, and the person has agreed to that target.
        const job = this.#resolve({ ...read, target: this.#shown.get(JSON.stringify(read)) ?? read.target });
        if (!(await this.#dependencies.publicOwners.confirm(job))) {
          // The model reads this.
          throw new TeaChestError('cancelled', 'The person does not want to push to a public owner.');
        }
        const args = { ...argumentsOf(read), target: formatTarget(job.target) };
        const [outcome] = await pushUnattended(this.#dependencies, [args], { signal });
        if (outcome === undefined) throw new Error('the push has no outcome');
        if ('error' in outcome) throw outcome.error;
        return toolResult({ ...outcome.result });
      }),
    );
  }

  #resolve(input: ImageInput): PushJob {
    const job = resolvePush(argumentsOf(input), this.#dependencies);
    if (job === undefined) throw targetNeeded(input.image);
    return job;
  }

  async #visibility({ connection, target }: PushJob): Promise<string> {
    if (!hasOwners(connection.kind)) return l10n.t('Who can pull it is up to the registry.');
    const owner = target.repository.slice(0, target.repository.indexOf('/'));
    const audience = await this.#dependencies.access.audienceOf(connection, owner);
    return audience === undefined ? l10n.t('The server does not say who can pull the image.') : audiences[audience];
  }
}

function argumentsOf({ image, target, platform }: ImageInput): PushArguments {
  return { image, ...(target !== undefined && { target }), ...(platform !== undefined && { platform }) };
}
