import * as l10n from '@vscode/l10n';
import type * as vscode from 'vscode';
import { listImagesCommand } from '../../commands/listImages.ts';
import type { EngineLink } from '../../engine/engine.ts';
import { readListImagesInput } from './toolInput.ts';
import { runTool, toolResult } from './toolResult.ts';

interface Input {
  readonly filter?: string;
}

const longestList = 200;

/** The language-model tool `teaChest_listImages`: what the container engine has. */
export class ListImagesTool implements vscode.LanguageModelTool<Input> {
  readonly #link: EngineLink;

  constructor(link: EngineLink) {
    this.#link = link;
  }

  prepareInvocation(): vscode.PreparedToolInvocation {
    return { invocationMessage: l10n.t('Listing the images of the container engine') };
  }

  async invoke({ input }: vscode.LanguageModelToolInvocationOptions<Input>): Promise<vscode.LanguageModelToolResult> {
    return await runTool(async () => {
      const filter = (readListImagesInput(input).filter ?? '').toLowerCase();
      const images = (await listImagesCommand(this.#link)).filter(
        ({ id, references }) =>
          filter === '' || [id, ...references].some((name) => name.toLowerCase().includes(filter)),
      );
      const listed = images.slice(0, longestList).map(({ id, references, size, createdAt, platforms, obstacle }) => ({
        ...{ id, references, bytes: size, createdAt, platforms },
        ...(obstacle !== undefined && { cannotBePushed: obstacle }),
      }));
      return toolResult({ images: listed, notListed: images.length - listed.length });
    });
  }
}
