#include "offline/analysis/asked_words.h"

#include <algorithm>
#include <array>

#include "offline/language/language.h"

namespace cadre::offline::analysis {
namespace {

// A row of words with one meaning; words are separated by "|", so that they may hold blanks.
struct HeadRow {
  HeadKind kind;
  std::string_view what;
  std::string_view words;
};

constexpr HeadKind kSoft = HeadKind::kSoftware;
constexpr HeadKind kOrd = HeadKind::kOrdinary;
constexpr HeadKind kKept = HeadKind::kUnlessKept;

constexpr std::array kHeads = {
    HeadRow{kSoft, "a compiler or another language tool",
            "|compiler|transpiler|decompiler|disassembler|assembler|lexer|tokenizer|tokeniser|"
            "parser|parser generator|preprocessor|linter|static analyser|static analyzer|minifier|"
            "obfuscator|debugger|"
            "code generator|code formatter|type checker|virtual machine|bytecode interpreter|"
            "language interpreter|script interpreter|language server|programming language|"
            "regular expression|regex|regexp|build system|syntax highlighter|"},
    HeadRow{kOrd, "a compiler or another language tool", "|interpreter|formatter|profiler|"},
    HeadRow{kSoft, "firmware or a controller of devices",
            "|firmware|bootloader|boot loader|flight controller|motor controller|pid controller|"
            "heating controller|temperature controller|robot controller|light controller|"
            "irrigation controller|lift controller|elevator controller|autopilot|"
            "embedded software|embedded system|control software|thermostat controller|"
            "microcontroller program|plc program|smart home|home automation|"},
    HeadRow{kOrd, "a controller of devices", "|controller|regulator|robot|"},
    HeadRow{kSoft, "a part of an operating system",
            "|operating system|kernel module|kernel driver|device driver|usb driver|"
            "graphics driver|printer driver|network driver|display driver|sensor driver|"
            "file system|filesystem|memory allocator|allocator|garbage collector|hypervisor|"
            "process scheduler|thread scheduler|window manager|package manager|init system|"
            "container runtime|thread pool|daemon|system call|antivirus|virus scanner|"
            "screen saver|screensaver|unix shell|command shell|terminal emulator|"},
    HeadRow{kSoft, "a program for the network",
            "|load balancer|proxy server|reverse proxy|web proxy|http proxy|firewall|vpn|"
            "message broker|message queue|event bus|web server|http server|dns server|"
            "mail server|ftp server|file server|game server|chat server|vpn server|"
            "dns resolver|media server|streaming server|tcp server|udp server|socket server|"
            "echo server|mqtt broker|key server|"
            "port scanner|packet sniffer|network sniffer|torrent client|ftp client|irc client|"
            "email client|mail client|ssh client|http client|api client|web browser|"
            "download manager|downloader|network protocol|api gateway|service mesh|"
            "rate limiter|websocket server|chat client|web crawler|crawler|web scraper|scraper|"
            "spider bot|"},
    HeadRow{kOrd, "a program for the network", "|browser|proxy|"},
    HeadRow{kSoft, "a bot or an extension of another program",
            "|bot|chatbot|chat bot|browser extension|chrome extension|firefox extension|"
            "editor extension|studio extension|code extension|plugin|plug-in|add-on|addon|macro|"
            "userscript|user script|shell script|bash script|powershell script|batch script|"
            "perl script|awk script|batch file|makefile|dockerfile|shader|terraform module|"
            "helm chart|github action|ci pipeline|deployment pipeline|build pipeline|"
            "data pipeline|etl pipeline|voice assistant|cron job|"},
    HeadRow{kSoft, "a command-line tool",
            "|command line tool|command-line tool|cli tool|command line filter|"
            "command-line filter|command line program|command line utility|command-line utility|"
            "command-line program|cli filter|cli utility|unix filter|unix tool|text filter|"
            "stream filter|stream editor|diff tool|backup tool|backup program|backup script|"
            "backup software|file renamer|renamer|file converter|file synchronizer|"},
    HeadRow{kSoft, "an algorithm or a data structure",
            "|algorithm|subroutine|hash map|hashmap|hash table|hash function|linked list|"
            "binary tree|search tree|b-tree|red-black tree|ring buffer|circular buffer|"
            "bloom filter|skip list|lru cache|priority queue|data structure|sorter|"
            "string matcher|key-value store|in-memory database|database engine|storage engine|"
            "search engine|query engine|rule engine|rules engine|template engine|regex engine|"
            "expression engine|rendering engine|physics engine|graphics engine|game engine|"
            "chess engine|inference engine|recommendation engine|workflow engine|solver|"
            "quicksort|mergesort|fizzbuzz|fibonacci|factorial|hello world|random generator|"
            "random number generator|prime number generator|password generator|"
            "maze generator|mutex|semaphore|unit test|test suite|algorithm library|"
            "evaluator|expression parser|matcher|encoder|decoder|codec|checksum|"
            "spell checker|spelling checker|compressor|"},
    HeadRow{kOrd, "a conversion or a calculation",
            "|converter|calculator|translator|encryptor|benchmark|heap|cache|"},
    HeadRow{kSoft, "machine learning",
            "|neural network|language model|machine learning model|ml model|regression model|"
            "classification model|deep learning model|prediction model|forecasting model|"
            "classifier|image classifier|recommender|recommender system|speech recogniser|"
            "speech recognizer|face recogniser|face recognizer|object detector|face detector|"
            "spam filter|spam detector|transformer model|diffusion model|image recognition|"
            "face recognition|speech recognition|reinforcement learning agent|ocr|"
            "text classifier|sentiment analyser|sentiment analyzer|deep network|"},
    HeadRow{kSoft, "an emulator", "|emulator|"},
    HeadRow{kOrd, "a simulation", "|simulator|simulation|"},
    HeadRow{kOrd, "a game",
            "|game|puzzle|shooter|platformer|roguelike|snake|tetris|pong|minesweeper|solitaire|"
            "hangman|tic-tac-toe|asteroid|pacman|pac-man|breakout|2048|battleship|blackjack|"
            "connect four|"},
    HeadRow{kSoft, "a game",
            "|text adventure|physics sandbox|sandbox game|jump and run|jump-and-run|tower defence|"
            "tower defense|video game engine|dungeon crawler|"},
    HeadRow{kSoft, "graphics, sound or an editor",
            "|ray tracer|raytracer|path tracer|renderer|rasterizer|rasteriser|text editor|"
            "code editor|image editor|photo editor|video editor|hex editor|level editor|"
            "audio editor|sound editor|markdown editor|pdf editor|drawing program|"
            "paint program|drawing app|image viewer|photo viewer|pdf viewer|file viewer|"
            "log viewer|music player|video player|media player|audio player|mp3 player|"
            "synthesizer|synthesiser|drum machine|equaliser|equalizer|visualizer|"
            "visualiser|particle system|fractal|screen recorder|screenshot tool|"
            "image converter|file manager|password manager|spreadsheet program|spreadsheet engine|"
            "word processor|ide|cad program|3d modeller|video chat|"
            "video conference|video call|live stream|augmented reality|virtual reality|"
            "alarm clock|stopwatch|countdown timer|pomodoro timer|"},
    HeadRow{kOrd, "a sound or picture program",
            "|timer|wallpaper|theme|metronome|tuner|sequencer|animation|"},
    HeadRow{kSoft, "a blockchain", "|smart contract|blockchain|cryptocurrency|crypto wallet|"
                                   "crypto miner|bitcoin miner|trading bot|token contract|"},
    HeadRow{kSoft, "a text or a picture, not software",
            "|poem|essay|haiku|sonnet|limerick|song lyric|cover letter|blog article|logo|"
            "business plan|love letter|bedtime story|screenplay|press release|"},
    HeadRow{kKept, "an application for phones or the desktop",
            "|mobile app|mobile application|phone app|smartphone app|iphone app|ipad app|"
            "ios app|android app|android application|ios application|tablet app|watch app|"
            "widget|desktop app|desktop application|windows app|windows program|mac app|"
            "desktop program|desktop tool|native app|mobile client|vr app|ar app|"},
    HeadRow{kSoft, "a page for people to look at",
            "|landing page|home page|homepage|static site|static website|portfolio site|"
            "portfolio website|portfolio page|css theme|web animation|web design|email template|"},
    HeadRow{kKept, "a page for people to look at", "|web page|webpage|user interface|"},
};

constexpr std::string_view kAnySoftware =
    " app application program programme tool software system script utility code service website "
    "site platform solution prototype webapp something thing api server backend cli interface "
    "engine component agent function method procedure routine class snippet one-liner binary "
    "executable filter process job task assistant model widget driver client ";

constexpr std::string_view kTwoSided = " library module package framework toolkit crate gem sdk ";

// Only with what they consist of: "a set of sorting functions".
constexpr std::string_view kContainers = " collection set suite bundle series couple handful ";

constexpr std::string_view kLanguages =
    " python python3 c c++ c# cpp f# go golang rust java javascript typescript js ts npm node "
    "node.js nodejs ruby php perl haskell ocaml scala kotlin swift fortran cobol lisp clojure "
    "elixir erlang julia r matlab lua zig pascal delphi prolog scheme racket dart groovy ada "
    "assembly bash powershell sql html css wasm webassembly .net dotnet pip pypi cargo maven "
    "gradle nuget conan composer cpan debian deb rpm homebrew arduino react angular vue django "
    "flask numpy header-only stl jvm numpy-like ";

constexpr std::string_view kKeepers =
    " list register registry log logbook book diary journal catalogue catalog collection archive "
    "inventory directory database ledger calendar schedule timetable roster rota blog forum wiki "
    "shop store marketplace board planner tracker manager organizer organiser record file cabinet "
    "agenda almanac album library leaderboard poll survey questionnaire form booking reservation "
    "administration management desk account bank order reminder index dictionary glossary "
    "ticketing bookkeeping accounting portfolio scheduler recorder helpdesk exchange rental "
    "keeper folder center theater counter ";

constexpr std::string_view kTechnical =
    " kernel terraform puppet ansible graphics math maths mathematics matrix parsing sorting "
    "logging crypto cryptography cryptographic networking compression serialization "
    "serialisation encryption rendering regex regression statistics numeric numerical "
    "linear-algebra algebra geometry tensor unit-test testing test concurrency threading async "
    "http json xml csv yaml string date-time datetime socket gui widget plotting charting "
    "graph-algorithm algorithm collision physics templating unix linux shared standard runtime "
    "audio-processing image-processing signal-processing machine-learning ";

constexpr std::string_view kParts =
    "|algorithm|function|routine|subroutine|macro|data structure|data type|generic type|type|"
    "bit operation|matrix operation|string operation|binding|unit test|shell script|iterator|"
    "combinator|primitive|data container|hash function|abstract class|c++ class|java class|"
    "python class|ui component|react component|web component|regular expression|sql query|"
    "shader|parser|";

constexpr std::string_view kFileWords =
    " csv json xml yaml toml ini zip tar pdf png jpeg jpg gif svg mp3 wav midi file stdin "
    "byte stream socket html markdown archive log-file bitmap binary ";

// A driver of these is no person.
constexpr std::string_view kHardware =
    " linux windows usb device printer scanner sensor display card chip mouse camera adapter "
    "keyboard port board bus motor graphics bluetooth touchscreen gpu spi i2c uart modem webcam "
    "kernel audio peripheral ";

constexpr std::string_view kDevices =
    " camera webcam microphone thermostat valve actuator servo motor relay sensor led "
    "loudspeaker sprinkler gripper ";

// What a program does that keeps no records. Behind ":" the words of which one must stand in the
// rest of the clause; without any the verb alone says it.
struct WorkRow {
  std::string_view verb, objects;
};

constexpr std::string_view kLoneWork =
    " simulate emulate compile transpile parse tokenize tokenise decode encode encrypt decrypt "
    "compress decompress unpack render rasterize animate draw visualise visualize scrape crawl "
    "predict forecast classify recognise recognize transcribe translate synthesise synthesize "
    "optimise optimize solve compute factorise factorize interpolate hash serialize serialise "
    "deserialize refactor minify obfuscate lint debug benchmark listen hover steer regulate "
    "blink dim resize crop convert download ping sniff tunnel mirror back_up backup rename "
    "fine-tune multiply transpose invert tweet mine multiplex interpret typeset autocomplete "
    "proofread paraphrase ";

constexpr std::array kWork = {
    WorkRow{"train", " model network classifier ai agent transformer "},
    WorkRow{"learn", " predict pattern model recognise recognize data "},
    WorkRow{"detect", " face motion object cat dog fraud anomaly spam edge plagiarism movement "
                      "smoke intruder picture photo image video noise bird virus language emotion "
                      "smile fall tumour tumor "},
    WorkRow{"play", " sound music song video audio noise melody note mp3 chess poker checkers "
                    "tune alarm move radio rain tone "},
    WorkRow{"sort", " file photo picture number array integer string garbage waste parcel line "
                    "word stdin input memory "},
    WorkRow{"copy", " file folder directory disk drive clipboard "},
    WorkRow{"move", " arm motor robot cursor file mouse piece "},
    WorkRow{"delete", " file folder temporary duplicate cache "},
    WorkRow{"sync", " file folder clock directory device "},
    WorkRow{"synchronise", " file folder clock directory device "},
    WorkRow{"synchronize", " file folder clock directory device "},
    WorkRow{"compare", " file folder csv json string image photo directory "},
    WorkRow{"merge", " pdf file branch sheet csv video picture "},
    WorkRow{"split", " pdf file string sentence word video stream "},
    WorkRow{"join", " pdf file string video "},
    WorkRow{"scan", " port network document qr barcode virus stamp picture photo file folder disk "
                    "bar face ticket receipt plate "},
    WorkRow{"block", " ad advert advertisement website tracker popup pop-up spam "},
    WorkRow{"filter", " spam noise packet stdin input stream "},
    WorkRow{"remove", " background noise watermark silence comment whitespace "},
    WorkRow{"route", " packet request traffic "},
    WorkRow{"distribute", " request traffic packet load "},
    WorkRow{"trade", " stock share crypto bitcoin currency future "},
    WorkRow{"control", " light lamp motor heating robot belt pump fan machine device drone boiler "
                       "lock blind valve arm temperature traffic "},
    WorkRow{"switch", " boiler light heating pump relay fan lamp motor "},
    WorkRow{"turn", " light heating pump motor fan boiler lamp "},
    WorkRow{"open", " barrier door valve gate lock roof "},
    WorkRow{"lock", " door gate screen "},
    WorkRow{"unlock", " door gate lock "},
    WorkRow{"measure", " temperature humidity distance voltage speed pressure pulse latency "},
    WorkRow{"read", " sensor stdin csv json xml file plate barcode temperature humidity aloud "
                    "chip voltage byte pixel "},
    WorkRow{"write", " stdout csv json xml file poem essay story lyric "},
    WorkRow{"monitor", " cpu network server temperature traffic memory disk uptime process "},
    WorkRow{"generate", " image picture password music maze poem noise terrain world sudoku qr "
                        "random code prime fractal wallpaper story text avatar level permutation "},
    WorkRow{"compose", " music melody poem song "},
    WorkRow{"create", " fractal maze animation "},
    WorkRow{"calculate", " prime factorial fibonacci pi orbit trajectory root matrix derivative "
                         "checksum integral determinant path hash sine route "},
    WorkRow{"find", " prime path anagram substring palindrome pixel root route "},
    WorkRow{"search", " move web internet substring "},
    WorkRow{"evaluate", " expression formula polynomial "},
    WorkRow{"count", " word line character byte letter vowel pixel "},
    WorkRow{"print", " prime number line column pattern triangle hello stdout sum fibonacci "
                     "reverse input word median difference "},
    WorkRow{"reverse", " string array list word sentence "},
    WorkRow{"return", " prime factorial fibonacci sum string array list integer index reverse nth "
                      "true false max maximum boolean "},
    WorkRow{"check", " palindrome prime spelling grammar syntax anagram "},
    WorkRow{"show", " map animation clock video 3d camera weather "},
    WorkRow{"display", " map animation clock video 3d camera weather "},
    WorkRow{"plot", " function curve graph chart data map "},
    WorkRow{"take", " photo picture screenshot "},
    WorkRow{"capture", " photo picture screenshot screen audio video packet "},
    WorkRow{"answer", " question message email call phone "},
    WorkRow{"summarise", " article text news email meeting book pdf document video "},
    WorkRow{"summarize", " article text news email meeting book pdf document video "},
    WorkRow{"collect", " tweet internet "},
    WorkRow{"send", " email e-mail mail sms message reminder notification push text "},
    WorkRow{"remind", " "},
    WorkRow{"text", " customer client member parent patient everybody "},
    WorkRow{"charge", " card credit "},
    WorkRow{"fly", " "},
    WorkRow{"speak", " "},
    WorkRow{"analyse", " picture photo image video sentiment log audio text stock packet "},
    WorkRow{"analyze", " picture photo image video sentiment log audio text stock packet "},
    WorkRow{"wrap", " library api function "},
    WorkRow{"format", " code json disk source string "},
    WorkRow{"implement", " protocol algorithm instruction "},
    WorkRow{"balance", " load request traffic robot "},
    WorkRow{"add", " number matrix vector subtitle watermark integer "},
};

// Verbs that make a request by themselves, at the sentence's start.
constexpr std::string_view kAlone =
    " simulate emulate compile transpile parse decode encode encrypt decrypt compress render "
    "rasterize animate visualise visualize scrape crawl predict forecast classify recognise "
    "recognize detect transcribe translate optimise optimize solve compute calculate refactor "
    "minify debug benchmark convert download rename explain summarise summarize proofread deploy "
    "install fix port rewrite resize crop train draw paint sing play sort print reverse merge "
    "generate control reimplement vectorise vectorize paraphrase evaluate monitor ";

bool listed(std::string_view words, std::string_view word, char border) {
  if (word.empty()) return false;
  std::size_t at = 0;
  while ((at = words.find(word, at)) != std::string_view::npos) {
    const auto end = at + word.size();
    if (at > 0 && words[at - 1] == border && end < words.size() && words[end] == border)
      return true;
    ++at;
  }
  return false;
}

bool any_of_words(std::string_view words, const std::string& text) {
  if (words == " ") return true;
  while (!words.empty()) {
    const auto end = words.find(' ', 1);
    if (end == std::string_view::npos) break;
    if (text.find(words.substr(0, end + 1)) != std::string::npos) return true;
    words.remove_prefix(end);
  }
  return false;
}

// The tails of "linux kernel driver", the longest first.
template <class F>
bool each_tail(std::string_view lemmas, F use) {
  while (true) {
    if (use(lemmas)) return true;
    const auto blank = lemmas.find(' ');
    if (blank == std::string_view::npos) return false;
    lemmas.remove_prefix(blank + 1);
  }
}

}  // namespace

Head head_of(std::string_view lemmas) {
  Head found;
  each_tail(lemmas, [&](std::string_view tail) {
    const auto* row = std::ranges::find_if(
        kHeads, [&](const HeadRow& r) { return listed(r.words, tail, '|'); });
    if (row == kHeads.end()) return false;
    found = {row->kind, row->what};
    return true;
  });
  return found;
}

bool is_any_software(std::string_view lemma) { return listed(kAnySoftware, lemma, ' '); }

bool is_two_sided(std::string_view lemma) { return listed(kTwoSided, lemma, ' '); }

bool is_container(std::string_view lemma) { return listed(kContainers, lemma, ' '); }

bool is_hardware(std::string_view lemma) { return listed(kHardware, lemma, ' '); }

bool is_language(std::string_view lower) { return listed(kLanguages, lower, ' '); }

bool is_technical(std::string_view lower) { return listed(kTechnical, lower, ' '); }

bool is_software_part(std::string_view lemmas) {
  // "plant types" are no data types: one word that is also an ordinary one must stand alone.
  if (lemmas == "type") return true;
  return each_tail(lemmas, [](std::string_view tail) {
    return tail != "type" && listed(kParts, tail, '|');
  });
}

bool keeps_records(std::string_view lemma) { return listed(kKeepers, lemma, ' '); }

bool is_doer(std::string_view lemma) {
  if (lemma == "client") return true;
  const bool ends = lemma.ends_with("er") || lemma.ends_with("or");
  return ends && lemma.size() > 5 && !keeps_records(lemma) &&
         (is_person_noun(lemma) || !is_known_word(lemma));
}

bool is_file_word(std::string_view lemma) { return listed(kFileWords, lemma, ' '); }

bool is_device(std::string_view lemma) { return listed(kDevices, lemma, ' '); }

bool is_outside_work(std::string_view verb, const std::string& objects) {
  if (listed(kLoneWork, verb, ' ')) return true;
  const auto* row = std::ranges::find(kWork, verb, &WorkRow::verb);
  return row != kWork.end() && any_of_words(row->objects, objects);
}

bool begins_request(std::string_view verb) { return listed(kAlone, verb, ' '); }

}  // namespace cadre::offline::analysis
