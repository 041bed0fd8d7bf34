import * as l10n from '@vscode/l10n';
import type * as vscode from 'vscode';
import { planPushCommand } from '../../commands/planPush.ts';
import type { InspectImage } from '../../push/composeImages.ts';
import type { PushPlanner } from '../../push/pushPlanner.ts';
import { readImageInput, type ImageInput } from './toolInput.ts';
import { runTool, toolResult } from './toolResult.ts';

export interface PlanPushToolDependencies {
  readonly planner: Pick<PushPlanner, 'plan'>;
  readonly inspect: InspectImage;
}

/** The language-model tool `teaChest_planPush`: what a push would do, found by requests that change nothing. */
export class PlanPushTool implements vscode.LanguageModelTool<ImageInput> {
  readonly #dependencies: PlanPushToolDependencies;

  constructor(dependencies: PlanPushToolDependencies) {
    this.#dependencies = dependencies;
  }

  prepareInvocation(): vscode.PreparedToolInvocation {
    return { invocationMessage: l10n.t('Planning a push') };
  }

  async invoke({
    input,
  }: vscode.LanguageModelToolInvocationOptions<ImageInput>): Promise<vscode.LanguageModelToolResult> {
    const { planner, inspect } = this.#dependencies;
    return await runTool(async () => {
      // Nothing else of what a model gives: the command would also read compose files.
      const args = readImageInput('teaChest_planPush', input);
      return toolResult({ ...(await planPushCommand(planner, inspect, args)) });
    });
  }
}
