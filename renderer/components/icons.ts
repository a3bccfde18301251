/** Drawn for Strata on a 20 × 20 grid with a 1.6 stroke; each is the `d` of one path. */
export const ICONS = {
  containers: 'M3 6.5 10 3l7 3.5v7L10 17l-7-3.5zM3 6.5l7 3.5 7-3.5M10 10v7',
  images: 'M10 3l7 3.5-7 3.5-7-3.5zM3 10l7 3.5 7-3.5M3 13.5 10 17l7-3.5',
  machine: 'M4.5 4h11A1.5 1.5 0 0 1 17 5.5v6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 11.5v-6A1.5 1.5 0 0 1 4.5 4zM7 16.5h6M10 13v3.5',
  preferences: 'M3 6h8M15 6h2M13 4v4M3 14h2M9 14h8M7 12v4',
  start: 'M6.5 4.5v11l9-5.5z',
  stop: 'M5.5 5.5h9v9h-9z',
  restart: 'M15.5 8A6 6 0 1 0 16 11M15.8 3.8V8h-4.2',
  kill: 'M11 2.5 5 11h4.5L9 17.5 15 9h-4.5z',
  remove: 'M4 6h12M8 6V4h4v2M5.5 6l.7 10h7.6l.7-10M8.5 9v4.5M11.5 9v4.5',
  more: 'M5 10h.01M10 10h.01M15 10h.01',
  copy: 'M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3',
  check: 'M4.5 10.5 8.5 14.5 15.5 6',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  search: 'M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4zM12.7 12.7 16.5 16.5',
  back: 'M11.5 5 6.5 10l5 5M6.5 10H17',
  down: 'M10 4v12M5 11l5 5 5-5',
  warning: 'M10 3.5 17.5 16.5h-15zM10 8.5v3.5M10 14.4h.01',
  error: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6.5v4.5M10 13.6h.01',
  info: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9.5v4M10 6.6h.01',
  external: 'M8 5H4.5v10.5H15V12M11 4.5h4.5V9M15.5 4.5 9 11',
  terminal: 'M3 4.5h14v11H3zM6 8l2.5 2L6 12M10.5 12.5h3.5',
  clock: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6v4l2.8 1.8',
} as const;

export type IconName = keyof typeof ICONS;
