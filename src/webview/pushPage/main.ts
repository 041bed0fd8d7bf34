import * as v from 'valibot';
import { PageView } from './pageView.ts';
import { toPage, type ToExtension } from './protocol.ts';

const vscode = acquireVsCodeApi();

function send(message: ToExtension): void {
  vscode.postMessage(message);
}

const view = new PageView((id) => {
  send({ type: 'action', id });
});

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const message = v.safeParse(toPage, data);
  if (!message.success) return;
  vscode.setState(message.output.source);
  view.update(message.output.page);
  if (!view.root.isConnected) document.body.append(view.root);
});
send({ type: 'ready' });
