import * as l10n from '@vscode/l10n';
import { toTeaChestError } from '../../core/base/errors.ts';
import type { EngineChoice } from '../../core/docker/endpoint/discoverEndpoint.ts';
import type { EngineOption } from '../../core/docker/endpoint/listEngines.ts';
import type { EngineEndpoint } from '../../core/docker/types.ts';
import { reportFailure } from '../errors/reportFailure.ts';
import type { Choice } from '../input/choiceRows.ts';
import { askChoice, askText } from '../input/prompts.ts';
import { runSteps, type Step } from '../input/runSteps.ts';
import { readSelectEngineArguments } from './arguments.ts';
import { toRejection } from './toRejection.ts';

export interface SelectEngineDependencies {
  readonly engines: {
    list(): Promise<readonly EngineOption[]>;
    /** The engine to which a choice leads. Rejects if it leads to none. */
    find(choice: EngineChoice): Promise<EngineEndpoint>;
    /** The choice in the settings. */
    current(): EngineChoice;
    save(choice: EngineChoice): Promise<void>;
  };
}

/** The result of `teaChest.selectEngine` (docs/automation.md). */
export interface SelectedEngine {
  /** As DOCKER_HOST has it: `unix:///var/run/docker.sock`. */
  readonly url: string;
  /** What led to it: `the docker context “colima”`. */
  readonly source: string;
}

/**
 * `teaChest.selectEngine`: chooses the engine by the settings `teaChest.engine.context` and `teaChest.engine.host`, which the
 * Images view follows. Without an argument the person chooses; undefined if they cancel.
 */
export async function selectEngineCommand(
  { engines }: SelectEngineDependencies,
  argument: unknown,
): Promise<SelectedEngine | undefined> {
  if (argument === undefined) return await askAndSelect({ engines });
  try {
    return await select(engines, readSelectEngineArguments(argument));
  } catch (error) {
    throw toRejection(error, 'engine');
  }
}

async function askAndSelect({ engines }: SelectEngineDependencies): Promise<SelectedEngine | undefined> {
  const answers = await runSteps(l10n.t('Select Container Engine'), steps(engines), {});
  if (answers?.choice === undefined) return undefined;
  const { choice } = answers;
  try {
    return await select(engines, choice);
  } catch (error) {
    void reportFailure(error, { retry: () => selectEngineCommand({ engines }, undefined) });
    return undefined;
  }
}

/** Nothing is saved if the choice leads to no engine. The engine need not run. */
async function select(engines: SelectEngineDependencies['engines'], choice: EngineChoice): Promise<SelectedEngine> {
  const isAutomatic = choice.host === undefined && choice.context === undefined;
  // The automatic choice may find no engine yet, and is the way back from one that was removed.
  if (isAutomatic) await engines.save({});
  const { url, source } = await engines.find(choice);
  if (!isAutomatic) await engines.save(choice);
  return { url, source };
}

interface Answers {
  readonly choice?: EngineChoice;
}

const typed = 'address';

type Engines = SelectEngineDependencies['engines'];

function steps(engines: Engines): readonly Step<Answers>[] {
  return [
    {
      name: 'engine',
      ask: async (_answers, position) => {
        const placeholder = l10n.t('The engine whose images are shown and pushed');
        const picked = await askChoice(position, { placeholder, choices: engineChoices(engines) });
        return picked === typed ? {} : { choice: picked };
      },
    },
    {
      name: typed,
      isSettled: ({ choice }) => choice !== undefined,
      ask: async (_answers, position) => {
        const host = await askText(position, {
          prompt: l10n.t('The engine’s address, as in DOCKER_HOST'),
          placeholder: l10n.t('ssh://user@host, tcp://host:2376 or unix:///path/docker.sock'),
          value: engines.current().host ?? '',
          judge: (text) => (text.trim() === '' ? { problem: l10n.t('Enter an address.') } : {}),
          accept: (text) => problemOf(engines, { host: text.trim() }),
        });
        return { choice: { host: host.trim() } };
      },
    },
  ];
}

/** Why a choice leads to no engine. */
async function problemOf(engines: Engines, choice: EngineChoice): Promise<string | undefined> {
  return await engines.find(choice).then(
    () => undefined,
    (error: unknown) => toTeaChestError(error).message,
  );
}

/** The rows of the list; the chosen one is marked. */
async function engineChoices(engines: Engines): Promise<readonly Choice<EngineChoice | typeof typed>[]> {
  const [options, automatic] = await Promise.all([
    engines.list(),
    engines.find({}).then(
      ({ url, source }) =>
        l10n.t({
          message: 'now {0} ({1})',
          args: [url, source],
          comment: '{0} is the address of an engine, {1} says what led to it.',
        }),
      () => l10n.t('no engine is found at present'),
    ),
  ]);
  const current = engines.current();
  const row = (
    label: string,
    icon: string,
    description: readonly string[],
    value: EngineChoice,
  ): Choice<EngineChoice> => {
    const isChosen = value.host === current.host && value.context === current.context;
    const parts = [
      ...(isChosen ? [l10n.t({ message: 'chosen', comment: 'The container engine in the settings.' })] : []),
      ...description,
    ].filter((part) => part !== '');
    return { label, icon: isChosen ? 'check' : icon, description: parts.join(' · '), value };
  };
  return [
    row(l10n.t({ message: 'Automatic', comment: 'The choice of the container engine.' }), 'sparkle', [automatic], {}),
    ...options.map((option) => {
      const [label, icon, description] = describeOption(option);
      return row(
        label,
        icon,
        description,
        option.kind === 'context' ? { context: option.name } : { host: option.host },
      );
    }),
    { label: l10n.t('Enter an address…'), icon: 'edit', always: true, value: typed },
  ];
}

const socketStates = { usable: '', denied: l10n.t('you may not open it'), dead: l10n.t('not running') } as const;

function describeOption(option: EngineOption): readonly [label: string, icon: string, description: readonly string[]] {
  switch (option.kind) {
    case 'context':
      return [
        option.name,
        'layers',
        [
          l10n.t('docker context'),
          option.isCurrent ? l10n.t({ message: 'current', comment: 'The docker context in use.' }) : '',
          option.description,
          option.host,
        ],
      ];
    case 'variable':
      return [option.name, 'symbol-variable', [option.host]];
    case 'podman':
      return [option.name, 'plug', [l10n.t('podman connection'), option.host]];
    case 'socket':
      return [option.product, 'plug', [option.host, socketStates[option.state]]];
  }
}
