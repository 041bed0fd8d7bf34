/** `.vscode/tasks.json` with tasks that push to this registry. */
export function tasksJson(host: string): string {
  const push = { type: 'teaChest', task: 'push', problemMatcher: [] };
  const mark = (label: string, dependsOn: string): object => ({
    ...{ label, type: 'shell', command: `touch ${label}`, problemMatcher: [] },
    ...{ dependsOn: [dependsOn], dependsOrder: 'sequence' },
  });
  const tasks = [
    { ...push, label: 'push app', image: 'app:1', target: `${host}/dev/\${config:sample.name}:\${env:SAMPLE_TAG}` },
    mark('after-push', 'push app'),
    { ...push, label: 'push nothing', image: 'nothing:here', target: `${host}/dev/nothing:1` },
    mark('after-failure', 'push nothing'),
    { ...push, label: 'push slowly', image: 'big:1', target: `${host}/dev/big:1` },
    { ...push, label: 'push compose', composeFile: 'compose.yaml', target: `${host}/dev` },
  ];
  return JSON.stringify({ version: '2.0.0', tasks });
}

export const composeYaml = `
name: shop
services:
  web: { build: . }
  api: { image: "shop/api:\${API_TAG:-1}" }
  debug: { image: "missing:1", profiles: [debug] }
`;
