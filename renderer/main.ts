import { createApp } from 'vue';
import { createPinia } from 'pinia';
import App from './App.vue';
import './design/tokens.css';
import './design/base.css';
import { i18n } from './i18n/i18n.ts';
import { createViews } from './router.ts';
import { usePreferences } from './stores/preferences.ts';
import { detectHost } from './transport/host.ts';
import { hostKey } from './transport/host-key.ts';

const app = createApp(App);
app.provide(hostKey, detectHost());
app.use(createPinia());
app.use(i18n);
app.use(createViews());
usePreferences();
app.mount('#app');
