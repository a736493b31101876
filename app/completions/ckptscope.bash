# bash completion for ckptscope; made from its command table
_ckptscope() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flags='--json --jsonl --md --header --width --config --color --ascii --interactive -i --command -c --file -f --keep-going -k --keys --screen --no-mouse --complete --quiet -q --verbose -v --help -h --version -V'
  case $before in
    --against|--config|--expect|--file|--keys|--like|--mapping|--output|--sums|-f|-o) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --color) COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
    --adapter) COMPREPLY=($(compgen -W 'gpt_oss nemotron_omni nemotron_v3 deepseek_v4 kimi_k3 kimi_k25_vl kimi_vl kimi_linear minimax_m3_vl minimax_m3 minimax_m2 hy_v3 hy_mt2 ling_v2 laguna ernie4_5_moe ernie4_5 qwen3_omni_moe qwen2_5_omni qwen3_vl_moe qwen3_next qwen3_5_moe qwen3_5 mistral4_vlm mistral4 mistral3_vlm mistral3 inkling diffusion_gemma gemma4_moe gemma4_unified gemma3 step3p7 step3p5 muse_glimmer llava_onevision bagel mimo_v2_flash deepseek_v32 glm_moe_dsa deepseek_v3 glm4_moe qwen3_moe llama qwen2 qwen3 encoder plain' -- "$word")); return ;;
    --sort) COMPREPLY=($(compgen -W 'key bytes dtype shard' -- "$word")); return ;;
    --to) COMPREPLY=($(compgen -W 'native hf' -- "$word")); return ;;
    --dtype) COMPREPLY=($(compgen -W 'bf16 f16 f32' -- "$word")); return ;;
    --quantize) COMPREPLY=($(compgen -W 'mxfp4 fp8 int4 nvfp4 none' -- "$word")); return ;;
    --hf-prefix) COMPREPLY=($(compgen -W 'usual none' -- "$word")); return ;;
    --figure) COMPREPLY=($(compgen -W 'std absmax mean zeros saturated scale rel_l2 sqnr' -- "$word")); return ;;
    --verify) COMPREPLY=($(compgen -W 'none readback roundtrip' -- "$word")); return ;;
    --if-exists) COMPREPLY=($(compgen -W 'fail skip replace' -- "$word")); return ;;
  esac
  case ${COMP_WORDS[1]} in
    info) flags+=' --adapter --ep' ;;
    ls) flags+=' --all --sort --limit' ;;
    tree) flags+=' --all' ;;
    show) flags+=' --values --image --fetch --to --adapter --dtype --set --layout --mapping' ;;
    map) flags+=' --to --adapter --dtype --exclude --quantize --like --ep --experts --set --layout --hf-prefix --lenient --strict --allow --mapping --rename --include --all --rules --full --expect' ;;
    stat) flags+=' --against --hist --linear --all --figure --fetch --threads -j' ;;
    convert) flags+=' --output -o --to --adapter --dtype --exclude --quantize --like --ep --experts --set --layout --hf-prefix --lenient --strict --allow --max-shard-size --memory --threads -j --verify --if-exists --mapping --rename --include --resume --restart --part --dry-run -n' ;;
    verify) flags+=' --to --adapter --dtype --exclude --quantize --like --ep --experts --set --layout --hf-prefix --lenient --strict --allow --mapping --rename --include --memory --threads -j' ;;
    check) flags+=' --deep --sums --against --strict --threads -j' ;;
    diff) flags+=' --headers --decoded --limit --all --threads -j' ;;
    extract) flags+=' --output -o --decoded --memory --threads -j' ;;
    report) flags+=' --output -o --headers --adapter --figure --memory --threads -j' ;;
    help) flags+=' --schema' ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
    return
  fi
  if ((COMP_CWORD > 2)) && [[ ' ls tree show map stat extract ' == *" ${COMP_WORDS[1]} "* ]]; then
    mapfile -t COMPREPLY < <("$1" "${COMP_WORDS[2]/#\~/$HOME}" \
      --complete "${COMP_WORDS[1]} $word" 2> /dev/null)
    [[ ${COMPREPLY[0]} == *. ]] && compopt -o nospace
    return
  fi
  mapfile -t COMPREPLY < <(compgen -f -- "$word")  # a line a name: names have blanks
  if ((COMP_CWORD == 1)); then
    COMPREPLY+=($(compgen -W 'info ls tree show map stat adapters convert commit verify check diff extract report demo export help' -- "$word"))
  fi
}
complete -o filenames -F _ckptscope ckptscope
