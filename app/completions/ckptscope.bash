# bash completion for ckptscope; made from its command table
_ckptscope() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flags='--json --jsonl --config --color --ascii --interactive -i --command -c --file -f --keep-going -k --keys --screen --quiet -q --verbose -v --help -h --version -V'
  case $before in
    --color) COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
    --adapter) COMPREPLY=($(compgen -W 'gpt_oss nemotron_v3 hy_v3 mistral4_vlm mistral4' -- "$word")); return ;;
    --sort) COMPREPLY=($(compgen -W 'key bytes dtype shard' -- "$word")); return ;;
    --to) COMPREPLY=($(compgen -W 'native hf' -- "$word")); return ;;
    --dtype) COMPREPLY=($(compgen -W 'bf16 f16 f32' -- "$word")); return ;;
    --layout) COMPREPLY=($(compgen -W 'automodel documented' -- "$word")); return ;;
    --quantize) COMPREPLY=($(compgen -W 'mxfp4 fp8 none' -- "$word")); return ;;
    --hf-prefix) COMPREPLY=($(compgen -W 'usual none' -- "$word")); return ;;
    --verify) COMPREPLY=($(compgen -W 'none readback roundtrip' -- "$word")); return ;;
    --if-exists) COMPREPLY=($(compgen -W 'fail skip replace' -- "$word")); return ;;
  esac
  case ${COMP_WORDS[1]} in
    info) flags+=' --adapter' ;;
    ls) flags+=' --all --sort --limit' ;;
    tree) flags+=' --all' ;;
    show) flags+=' --values --to --adapter --dtype --set --layout' ;;
    map) flags+=' --to --adapter --dtype --exclude --quantize --like --set --layout --hf-prefix --lenient --strict --allow --all --full --expect' ;;
    stat) flags+=' --against --hist --linear --all --threads -j' ;;
    convert) flags+=' --output -o --to --adapter --dtype --exclude --quantize --like --set --layout --hf-prefix --lenient --strict --allow --max-shard-size --memory --threads -j --verify --if-exists --dry-run -n' ;;
    verify) flags+=' --to --adapter --dtype --exclude --quantize --like --set --layout --hf-prefix --lenient --strict --allow --memory --threads -j' ;;
    check) flags+=' --deep --sums --strict --threads -j' ;;
    diff) flags+=' --headers --decoded --limit --threads -j' ;;
    help) flags+=' --schema' ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'info ls tree show map stat adapters convert verify check diff demo export help' -- "$word") $(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _ckptscope ckptscope
