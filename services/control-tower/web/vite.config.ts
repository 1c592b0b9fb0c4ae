import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// The built files are committed and come with the wheel: whoever runs the tower needs no Node.
export default defineConfig({
  plugins: [svelte()],
  base: './',
  build: { outDir: '../src/control_tower/web', emptyOutDir: true, modulePreload: { polyfill: false } },
})
