import * as l10n from '@vscode/l10n';
import type * as vscode from 'vscode';
import { planPushCommand } from '../../commands/planPush.ts';
import type { InspectImage } from '../../push/composeImages.ts';
import type { PushPlanner } from '../../push/pushPlanner.ts';
import { runTool, toolResult } from './toolResult.ts';

interface Input {
  readonly image: string;
  readonly target?: string;
  readonly platform?: string;
}

export interface PlanPushToolDependencies {
  readonly planner: Pick<PushPlanner, 'plan'>;
  readonly inspect: InspectImage;
}

/** The language-model tool `teaChest_planPush`: what a push would do, found by requests that change nothing. */
export class PlanPushTool implements vscode.LanguageModelTool<Input> {
  readonly #dependencies: PlanPushToolDependencies;

  constructor(dependencies: PlanPushToolDependencies) {
    this.#dependencies = dependencies;
  }

  prepareInvocation(): vscode.PreparedToolInvocation {
    return { invocationMessage: l10n.t('Planning a push') };
  }

  async invoke({ input }: vscode.LanguageModelToolInvocationOptions<Input>): Promise<vscode.LanguageModelToolResult> {
    const { planner, inspect } = this.#dependencies;
    const { image, target, platform } = input;
    // Nothing else of what a model gives: the command would also read compose files.
    const args = { image, ...(target !== undefined && { target }), ...(platform !== undefined && { platform }) };
    return await runTool(async () => toolResult({ ...(await planPushCommand(planner, inspect, args)) }));
  }
}
