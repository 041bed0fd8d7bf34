import { element, setAttribute, setShown, setText } from './dom.ts';
import type { PageChart } from './protocol.ts';

const namespace = 'http://www.w3.org/2000/svg';
const [width, height] = [600, 80];

/** The rate over the time of the push, as a line with the area below it. */
export class RateChart {
  readonly root = element('section', 'chart');
  readonly #heading = element('h2');
  readonly #top = element('span', 'small');
  readonly #end = element('span', 'small');
  readonly #picture = document.createElementNS(namespace, 'svg');
  readonly #area = document.createElementNS(namespace, 'path');
  readonly #line = document.createElementNS(namespace, 'path');

  constructor() {
    this.#picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#picture.setAttribute('preserveAspectRatio', 'none');
    this.#picture.setAttribute('role', 'img');
    this.#area.setAttribute('class', 'area');
    this.#line.setAttribute('class', 'line');
    this.#picture.append(this.#area, this.#line);
    const axis = element('div', 'axis', [this.#top, this.#end]);
    axis.setAttribute('aria-hidden', 'true');
    this.root.append(this.#heading, this.#picture, axis);
  }

  update(chart: PageChart | undefined): void {
    setShown(this.root, chart !== undefined);
    if (chart === undefined) return;
    setText(this.#heading, chart.heading);
    setText(this.#top, chart.topText);
    setText(this.#end, chart.endText);
    setAttribute(this.#picture, 'aria-label', chart.alternative);
    const places = chart.points.map(({ x, y }) => `${(x * width).toFixed(1)},${((1 - y) * height).toFixed(1)}`);
    const [last] = chart.points.slice(-1);
    setAttribute(this.#line, 'd', places.length === 0 ? undefined : `M${places.join('L')}`);
    const end = ((last?.x ?? 0) * width).toFixed(1);
    setAttribute(
      this.#area,
      'd',
      places.length === 0 ? undefined : `M0,${height}L${places.join('L')}L${end},${height}Z`,
    );
  }
}
