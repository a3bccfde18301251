import { createRouter, createWebHashHistory, type Router } from 'vue-router';
import ContainersView from './views/ContainersView.vue';

/** Addresses of the views. After the hash, so that they work under `app://` and on any server. The first list is in the first bundle. */
export function createViews(): Router {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', redirect: '/containers' },
      { path: '/containers', component: ContainersView },
      { path: '/containers/:id', redirect: (to) => `${to.path}/logs` },
      { path: '/containers/:id/:tab(logs|details|inspect)', component: () => import('./views/ContainerView.vue'), props: true },
      { path: '/images', component: () => import('./views/ImagesView.vue') },
      { path: '/machine', component: () => import('./views/MachineView.vue') },
      { path: '/:rest(.*)*', redirect: '/containers' },
    ],
  });
}
