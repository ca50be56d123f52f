# The Markdown of run.sh: $plan has the rows, $runs a line for each run, and
# $machine what they ran on.

def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
def hundredths: . * 100 | round | "\(. / 100 | floor).\(. % 100 + 100 | tostring[1:])";
def time: if . < 0.01 then "\(. * 1000 | hundredths) ms" elif . < 1 then "\(. * 1000 | round) ms" else "\(hundredths) s" end;
def ratio: if . then hundredths else "" end;
def memory: if . == null then "" else "\(. * 1.024 / 1000 | round) MB" end;
def line: "| " + join(" | ") + " |";

# What the runs of a row come to. The ratio is the median of each round's own:
# what else the machine did weighed on both programs alike.
def numbers($own):
  . as $row
  | [$runs[] | select(.row == $row.row)] as $mine
  | [$runs[] | select(.row == $own.row)] as $others
  | if .state != "ok" then .
    elif any($mine[]; .exit != 0) then .state = "failed"
    else . + {
      wall: ($mine | map(.wall) | median),
      best: ($mine | map(.wall) | min),
      cpu: ($mine | map(.cpu) | median),
      ratio: ([$mine[] as $m | $others[] | select(.round == $m.round) | .wall / $m.wall] | if length > 0 then median else null end)
    } end;

def cell($own):
  if . == null then ""
  elif .wall == null then .state
  elif .row == $own.row then "\(.wall | time), \(.peak | memory)"
  else "\(.wall | time) (\(.ratio | ratio))" end;

# The first row of each work is of depfetch or deplock.
[$plan | group_by([.table])[] | sort_by(.row)] | sort_by(.[0].row)
| map([. as $table | [group_by(.work)[] | sort_by(.row)] | sort_by(.[0].row)[] | .[0] as $own | map(numbers($own))]) as $tables
| "On \($machine).\n",
  ($tables[]
  | (map(.[]) | sort_by(.row) | reduce .[].program as $p ([]; if index([$p]) then . else . + [$p] end)) as $programs
  | "**\(.[0][0].table)**\n",
    (["work"] + $programs | line),
    (["work"] + $programs | map("---") | line),
    (.[] | . as $work | .[0] as $own
      | [.[0].work] + [$programs[] as $p | $work | map(select(.program == $p)) | first | cell($own)] | line),
    ""),
  "Medians. In brackets: the time of depfetch or deplock over that of the program, in the same round, below 1 where it is the faster. MB: the largest resident set of one of its processes.\n",
  "| work | wall | best | ratio | CPU | peak | command |",
  "|---|---|---|---|---|---|---|",
  ($tables[][][]
    | [.work, (if .wall then (.wall | time), (.best | time), (.ratio | ratio), (.cpu | time), (.peak | memory) else .state, "", "", "", "" end),
       "`\(.command | gsub("\\|"; "\\|"))`"] | line)
