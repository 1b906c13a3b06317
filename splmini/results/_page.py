"""The style and the script of results in a notebook. Both are complete: nothing is fetched from anywhere.

How things are laid out stands in the elements themselves; here is what a page can do without.
"""

PAGE = 20
"""Rows to a page."""

STYLE = """<style>
.splmini *{box-sizing:border-box}
.splmini-sum{opacity:.75;margin:4px 0}
.splmini-cut{color:#d9822b}
.splmini table.splmini-t>tbody>tr>td,.splmini table.splmini-t>thead>tr>th{padding:4px 12px;border:0;
border-bottom:1px solid rgba(128,128,128,.2);background:transparent;white-space:pre-wrap;max-width:none}
.splmini table.splmini-t>tbody>tr>td{font-variant-numeric:tabular-nums}
.splmini table.splmini-t>thead>tr>th{position:sticky;top:0;font-weight:600;cursor:pointer;user-select:none;
background:rgb(236,239,242);background:color-mix(in srgb,currentColor 9%,var(--jp-layout-color0,
var(--vscode-editor-background,Canvas)));z-index:1}
.splmini table.splmini-t>thead>tr>th:hover{text-decoration:underline}
.splmini table.splmini-t th[data-d='1']::after{content:' ▲';font-size:9px}
.splmini table.splmini-t th[data-d='-1']::after{content:' ▼';font-size:9px}
.splmini table.splmini-t>tbody>tr{background:transparent}
.splmini table.splmini-t>tbody>tr:hover,.splmini-event:hover{background:rgba(80,140,220,.12)}
.splmini-none{opacity:.7;padding:8px 2px}
.splmini-chart{max-width:100%;height:auto;display:block;margin:6px 0}
.splmini-pager{margin:6px 0;display:flex;gap:6px;align-items:center}
.splmini-pager button{font:inherit;padding:1px 9px;border:1px solid rgba(128,128,128,.45);border-radius:3px;
background:transparent;color:inherit;cursor:pointer}
.splmini-pager button:disabled{opacity:.35;cursor:default}
.splmini-msg{margin:3px 0;padding:3px 8px;border-left:3px solid rgba(128,128,128,.5)}
.splmini-msg span{display:inline-block;width:1.2em;text-align:center}
.splmini-msg.splmini-warn{border-color:#d9a02b;background:rgba(217,160,43,.1)}
.splmini-msg.splmini-error{border-color:#d9412b;background:rgba(217,65,43,.1)}
.splmini summary{cursor:pointer}
.splmini summary i{opacity:.7;font-style:normal}
.splmini-of>summary,.splmini-later>summary{opacity:.75}
.splmini-later>summary{padding:6px}
.splmini-raw{font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace)}
.splmini mark{background:rgba(255,196,0,.45);color:inherit;border-radius:2px;padding:0 1px}
</style>"""

SCRIPT = """<script>(function(){
var root=document.getElementById('%(id)s');if(!root)return;
Array.prototype.forEach.call(root.querySelectorAll('table.splmini-t'),function(table){
var body=table.tBodies[0],size=%(page)d,page=0,rows=Array.prototype.slice.call(body.rows);
var scroll=table.parentNode;
var pager=document.createElement('div');pager.className='splmini-pager';
function button(text,move){var b=document.createElement('button');b.type='button';b.textContent=text;
b.onclick=function(){page=move();show();};pager.appendChild(b);return b;}
var last=Math.max(0,Math.ceil(rows.length/size)-1);
var back=button('‹ Prev',function(){return Math.max(0,page-1);});
var note=document.createElement('span');pager.appendChild(note);
var next=button('Next ›',function(){return Math.min(last,page+1);});
function show(){rows.forEach(function(r,i){r.style.display=(i>=page*size&&i<(page+1)*size)?'':'none';});
note.textContent='rows '+(page*size+1)+'–'+Math.min(rows.length,(page+1)*size)+' of '+rows.length;
back.disabled=page===0;next.disabled=page===last;}
if(rows.length>size){scroll.parentNode.insertBefore(pager,scroll.nextSibling);scroll.style.maxHeight='none';show();}
function key(row,at){var c=row.cells[at];if(!c)return '';
var s=c.getAttribute('data-s');return s===null?c.textContent:s;}
function compare(a,b){if(a===''||b==='')return a===b?0:(a===''?1:-1);
var x=Number(a),y=Number(b);if(!isNaN(x)&&!isNaN(y))return x-y;return a.localeCompare(b,undefined,{numeric:true});}
Array.prototype.forEach.call(table.tHead.rows[0].cells,function(head,at){
function sort(){var d=head.getAttribute('data-d')==='1'?-1:1;
Array.prototype.forEach.call(table.tHead.rows[0].cells,function(h){h.removeAttribute('data-d');});
head.setAttribute('data-d',String(d));
var keyed=rows.map(function(r,i){return [key(r,at),i,r];});
keyed.sort(function(p,q){var e=p[0]===''||q[0]==='';return (e?1:d)*compare(p[0],q[0])||p[1]-q[1];});
rows=keyed.map(function(k){return k[2];});rows.forEach(function(r){body.appendChild(r);});
page=0;if(rows.length>size)show();}
head.onclick=sort;head.onkeydown=function(e){if(e.key==='Enter')sort();};});});
})();</script>"""
