import * as v from 'valibot';
import { PageView } from './pageView.ts';
import { toPage, type ToExtension } from './protocol.ts';

const vscode = acquireVsCodeApi();

function send(message: ToExtension): void {
  vscode.postMessage(message);
}

const view = new PageView((id, image) => {
  send({ type: 'action', id, ...(image !== undefined && { image }) });
});

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const message = v.safeParse(toPage, data);
  if (!message.success) return;
  vscode.setState(message.output.source);
  // First of all: a screen reader says changes only of what is in the document already.
  if (!view.root.isConnected) document.body.append(view.root);
  view.update(message.output.page);
});
send({ type: 'ready' });
