import axe from 'axe-core';
import type { Frame, FrameLocator, Page } from 'playwright-core';

/** What an extension shows in an editor tab of its own: a document in a frame within a frame. */
export interface Webview {
  /** The document, for `locator`. Only one such tab may be visible. */
  readonly content: FrameLocator;
  /** What axe-core finds against WCAG 2.2 A and AA and its best practices: a line for each element; empty if all is well. */
  accessibilityProblems(): Promise<string[]>;
}

export function createWebview(page: Page): Webview {
  const content = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  return {
    content,
    async accessibilityProblems() {
      const handle = await content.locator('main').elementHandle();
      const frame = await handle.ownerFrame();
      if (frame === null) throw new Error('The part is not in a document any more.');
      return await runAxe(frame);
    },
  };
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
  readonly passes: readonly unknown[];
}

async function runAxe(frame: Frame): Promise<string[]> {
  // As an expression by the browser's own protocol: the page's policy forbids a script element.
  await frame.evaluate(`${axe.source};undefined`);
  const results = await frame.evaluate(
    () => (globalThis as unknown as { axe: { run(): Promise<unknown> } }).axe.run() as Promise<AxeResults>,
  );
  if (results.passes.length === 0) throw new Error('axe-core has checked nothing.');
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id} (${help}): ${html.slice(0, 200)} ${failureSummary}`),
  );
}
