import * as vscode from 'vscode';
import { LinkHandler, type LinkHandlerDependencies } from '../host/automation/linkHandler.ts';
import { BuildConsent } from '../host/automation/pushOnBuild/buildConsent.ts';
import { PushOnBuild, type PushOnBuildDependencies } from '../host/automation/pushOnBuild/pushOnBuild.ts';
import { PushTaskProvider, type PushTaskDependencies } from '../host/automation/tasks/pushTaskProvider.ts';
import { ListImagesTool } from '../host/automation/tools/listImagesTool.ts';
import { ListPackagesTool, type ListPackagesDependencies } from '../host/automation/tools/listPackagesTool.ts';
import { PlanPushTool, type PlanPushToolDependencies } from '../host/automation/tools/planPushTool.ts';
import { PushImageTool, type PushImageToolDependencies } from '../host/automation/tools/pushImageTool.ts';
import { pushOnBuildRules } from '../host/config.ts';
import type { EngineLink } from '../host/engine/engine.ts';
import type { PulledImages } from '../host/pull/pulledImages.ts';
import type { PublicOwners } from '../host/targets/publicOwners.ts';

interface AutomationDependencies
  extends
    PlanPushToolDependencies,
    PushTaskDependencies,
    PushImageToolDependencies,
    ListPackagesDependencies,
    LinkHandlerDependencies {
  readonly runner: PushOnBuildDependencies['runner'];
  readonly pulledImages: Pick<PulledImages, 'names'>;
  readonly publicOwners: PushImageToolDependencies['publicOwners'] & Pick<PublicOwners, 'isPublic'>;
  readonly access: PushImageToolDependencies['access'] & ListPackagesDependencies['access'];
  readonly store: ListPackagesDependencies['store'] & LinkHandlerDependencies['store'];
  readonly link: EngineLink;
  /** Of the workspace. */
  readonly state: vscode.Memento;
}

/** What pushes without a person at the dialog: tasks, builds, language models, links. */
export interface Automation {
  readonly consent: BuildConsent;
  /** Call when another engine was chosen. */
  engineChanged(): void;
  dispose(): void;
}

export function buildAutomation(dependencies: AutomationDependencies): Automation {
  const { link, pulledImages, publicOwners, state } = dependencies;
  const consent = new BuildConsent(state, publicOwners);
  const pushOnBuild = new PushOnBuild({
    ...{ ...dependencies, consent, rules: pushOnBuildRules },
    pulledNames: () => pulledImages.names(),
  });
  const registered = vscode.Disposable.from(
    pushOnBuild,
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('teaChest.pushOnBuild')) pushOnBuild.update();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      pushOnBuild.update();
    }),
    vscode.tasks.registerTaskProvider('teaChest', new PushTaskProvider(dependencies)),
    vscode.lm.registerTool('teaChest_listImages', new ListImagesTool(link)),
    vscode.lm.registerTool('teaChest_listPackages', new ListPackagesTool(dependencies)),
    vscode.lm.registerTool('teaChest_planPush', new PlanPushTool(dependencies)),
    vscode.lm.registerTool('teaChest_pushImage', new PushImageTool(dependencies)),
    vscode.window.registerUriHandler(new LinkHandler(dependencies)),
  );
  return {
    consent,
    engineChanged: () => {
      pushOnBuild.restart();
    },
    dispose: () => {
      registered.dispose();
    },
  };
}
