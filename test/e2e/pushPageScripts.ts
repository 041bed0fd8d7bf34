import type { FrameLocator } from 'playwright-core';

/** Records how far all bars of the page are filled, at each change; gives the different values so far. */
export async function recordBars(page: FrameLocator): Promise<() => Promise<readonly number[]>> {
  const body = page.locator('body');
  // Source text: these tests are compiled without the types of a browser.
  await body.evaluate(`(() => {
    const seen = (window.seenHeights = new Set());
    const record = () => {
      const bars = [...document.querySelectorAll('.block')];
      seen.add(bars.reduce((sum, bar) => sum + Number(bar.getAttribute('data-filled')), 0));
    };
    record();
    new MutationObserver(record).observe(document.body, { subtree: true, childList: true, attributes: true });
  })()`);
  return () => body.evaluate<readonly number[], undefined>('[...window.seenHeights]', undefined);
}

/** Source text: how each look is drawn, without its colours. */
export function patternsOf(looks: readonly string[]): string {
  return `${JSON.stringify(looks)}.map((look) => {
    const part = document.createElement('span');
    part.className = 'swatch look-' + look;
    document.querySelector('main').append(part);
    const { backgroundImage, backgroundColor, backgroundSize, borderStyle } = getComputedStyle(part);
    part.remove();
    const isFull = backgroundImage === 'none' && !/[,/] ?0\\)$/.test(backgroundColor);
    const pattern = backgroundImage.replace(/(?:rgba?|color)\\([^)]*\\)/g, 'paint');
    return [pattern, isFull ? 'full' : '', backgroundSize, borderStyle].join(' ');
  })`;
}

/** Source text: tries what the policy forbids, and gives the directives that have stopped it. */
export const tryEverything = `new Promise((resolve) => {
  const blocked = [];
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
    blocked.push(effectiveDirective);
    if (blocked.length === 4) resolve(blocked);
  });
  const script = document.createElement('script');
  script.textContent = 'window.hasRunInline = true';
  const style = document.createElement('style');
  style.textContent = 'body { color: red }';
  const image = document.createElement('img');
  image.src = 'https://example.com/pixel.png';
  document.body.append(script, style, image);
  fetch('https://example.com/').catch(() => undefined);
})`;

/** Source text: keeps the texts that come into a live region while it is in the document. */
export const watchAnnouncements = `(() => {
  window.acquireVsCodeApi = () => ({ postMessage() {}, setState() {} });
  window.announced = [];
  new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      const region = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
      // A region that is added with its text is not said.
      if (region.closest('[role=status]') && addedNodes.length + (target.nodeType === Node.TEXT_NODE ? 1 : 0) > 0)
        window.announced.push(region.textContent);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
})()`;
